import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Precedence } from '../../../../src/concurrency/shares/precedence.ts'
import { Rests } from '../../../../src/concurrency/shares/rests.ts'

function newPrecedence() {
  const state = { now: 1_000_000 }
  const precedence = new Precedence(() => state.now)
  precedence.prefer(['own', 'local'])
  return { precedence, wait: (ms: number) => (state.now += ms), nowMs: () => state.now }
}

test('while this machine is busy, others rest four times as long as they work, on any thread', () => {
  const { precedence, wait, nowMs } = newPrecedence()
  precedence.note('own', 10)
  precedence.note('stranger', 5)
  precedence.note('stranger', 5)

  assert.equal(precedence.endOf('stranger'), nowMs() + 40)
  assert.equal(precedence.endOf('own'), undefined)
  assert.equal(precedence.endOf('another'), undefined)
  wait(40)
  assert.equal(precedence.endOf('stranger'), undefined)
})

test('nobody rests for this machine while it uses little, has its part, or is idle', () => {
  const { precedence, wait, nowMs } = newPrecedence()
  precedence.note('stranger', 80)
  precedence.note('own', 9)
  assert.equal(precedence.endOf('stranger'), undefined)

  precedence.note('local', 2)
  assert.equal(precedence.endOf('stranger'), nowMs() + 250)
  precedence.note('local', 630)
  assert.equal(precedence.endOf('stranger'), undefined)

  precedence.note('stranger', 400)
  assert.equal(precedence.endOf('stranger'), nowMs() + 250)
  wait(251)
  assert.equal(precedence.endOf('stranger'), undefined)
})

test('who is kept waiting is busy, however little it can use; waits at once count once', () => {
  const { precedence, wait, nowMs } = newPrecedence()
  precedence.note('stranger', 80)
  wait(6)
  for (let n = 0; n < 8; n++) precedence.note('own', 0.1, nowMs() - 6)
  assert.equal(precedence.endOf('stranger'), undefined)

  wait(6)
  precedence.note('own', 0.1, nowMs() - 6)
  assert.notEqual(precedence.endOf('stranger'), undefined)
})

test('a rest has an end, however much one has used, and though the clock is set back', () => {
  const { precedence, wait } = newPrecedence()
  for (let n = 0; n < 100; n++) precedence.note('stranger', 1_000)
  precedence.note('own', 100_000)
  for (let ms = 0; ms < 2_000; ms += 200) {
    assert.notEqual(precedence.endOf('stranger'), undefined)
    wait(200)
    precedence.note('own', 1)
  }
  assert.equal(precedence.endOf('stranger'), undefined)

  precedence.note('stranger', 10)
  assert.notEqual(precedence.endOf('stranger'), undefined)
  wait(-3_600_000)
  assert.equal(precedence.endOf('stranger'), undefined)
})

/**
 * How often a caller, who asks again soon after each answer, is answered on a thread in ten
 * seconds beside a stranger who has always more to do.
 */
function answered(pieceMs: number, { isPreferred }: { readonly isPreferred: boolean }): number {
  let now = 1_000_000
  const until = now + TEN_SECONDS_MS
  const precedence = new Precedence(() => now)
  const rests = new Rests({ now: () => now, longMs: 4, never: new Set() })
  if (isPreferred) precedence.prefer(['own'])
  const work = (name: string, ms: number) => {
    now += ms
    precedence.note(name, ms)
    rests.note(name, ms)
  }
  let readyAt = now
  let count = 0
  while (now < until) {
    if (readyAt <= now) {
      work('own', OWN_PIECE_MS)
      readyAt = now + OWN_PAUSE_MS
      count++
    } else if ((precedence.endOf('stranger') ?? rests.endOf('stranger')) === undefined)
      work('stranger', pieceMs)
    else now += 0.1
  }
  return count
}

const TEN_SECONDS_MS = 10_000
/** A caller's piece of work, and how soon after it the next one comes. */
const OWN_PIECE_MS = 0.6
const OWN_PAUSE_MS = 0.3

for (const pieceMs of [0.2, 1, 3, 6, 20, 100])
  test(`who is busy on this machine keeps seven tenths of its pace beside pieces of ${pieceMs} ms`, () => {
    const alone = TEN_SECONDS_MS / (OWN_PIECE_MS + OWN_PAUSE_MS)

    assert.ok(answered(pieceMs, { isPreferred: true }) / alone >= 0.7)
    if (pieceMs > OWN_PAUSE_MS) assert.ok(answered(pieceMs, { isPreferred: false }) / alone < 0.7)
  })
