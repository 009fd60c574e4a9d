import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Rests } from '../../../../src/concurrency/shares/rests.ts'

function newRests() {
  const state = { now: 1_000_000 }
  const rests = new Rests({ now: () => state.now, longMs: 4, never: new Set(['operator']) })
  return { rests, wait: (ms: number) => (state.now += ms), nowMs: () => state.now }
}

test('after a long piece one rests thrice as long, while somebody lighter is active', () => {
  const { rests, wait, nowMs } = newRests()
  rests.note('light', 1)
  rests.note('heavy', 10)

  assert.equal(rests.endOf('heavy'), nowMs() + 30)
  assert.equal(rests.endOf('light'), undefined)
  wait(30)
  assert.equal(rests.endOf('heavy'), undefined)
})

test('nobody rests after short pieces, alone, beside equals, or beside who has left', () => {
  const { rests, wait } = newRests()
  for (let n = 0; n < 100; n++) rests.note('busy', 3)
  rests.note('light', 1)
  assert.equal(rests.endOf('busy'), undefined)

  wait(60_000)
  rests.note('heavy', 50)
  assert.equal(rests.endOf('heavy'), undefined)
  rests.note('equal', 40)
  assert.equal(rests.endOf('heavy'), undefined)
  rests.note('light', 1)
  assert.notEqual(rests.endOf('heavy'), undefined)
})

test('a rest has an end, however long the piece was', () => {
  const { rests, wait } = newRests()
  rests.note('light', 1)
  rests.note('heavy', 60_000)
  wait(200)
  assert.notEqual(rests.endOf('heavy'), undefined)
  wait(100)
  assert.equal(rests.endOf('heavy'), undefined)
})

test('one long piece among many short ones is no reason to rest', () => {
  const { rests } = newRests()
  rests.note('light', 0.1)
  for (let n = 0; n < 20; n++) rests.note('busy', 0.5)

  rests.note('busy', 8)

  assert.equal(rests.endOf('busy'), undefined)
})

test('a clock that is set back makes nobody rest longer', () => {
  const { rests, wait } = newRests()
  rests.note('heavy', 10)
  wait(-3_600_000)
  rests.note('light', 1)

  assert.equal(rests.endOf('heavy'), undefined)
})

test('the operator rests for nobody', () => {
  const { rests } = newRests()
  rests.note('light', 1)
  rests.note('operator', 100)

  assert.equal(rests.endOf('operator'), undefined)
})
