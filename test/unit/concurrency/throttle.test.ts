import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Throttle } from '../../../src/concurrency/throttle.ts'

test('the first call starts at once, and the next waits until the gap has passed', () => {
  const gap = new Throttle(50)

  assert.equal(gap.delayMs(1_000), 0)
  gap.start(1_000)
  assert.equal(gap.delayMs(1_010), 40)
  assert.equal(gap.delayMs(1_050), 0)
  gap.start(1_060)
  assert.equal(gap.delayMs(1_061), 49)
})

test('a clock that is set back makes no call wait longer than the gap', () => {
  const gap = new Throttle(50)
  gap.start(1_000_000)

  assert.equal(gap.delayMs(5), 50)
})
