import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Throttle } from '../../../src/concurrency/throttle.ts'

test('the first begins at once; what follows within the gap waits for its end', () => {
  const gap = new Throttle(50)

  assert.equal(gap.delayMs(1_000), 0)
  gap.start(1_000)
  assert.equal(gap.delayMs(1_010), 40)
  assert.equal(gap.delayMs(1_050), 0)
  gap.start(1_060)
  assert.equal(gap.delayMs(1_061), 49)
})

test('a clock that was set back makes nothing wait longer than the gap', () => {
  const gap = new Throttle(50)
  gap.start(1_000_000)

  assert.equal(gap.delayMs(5), 50)
})
