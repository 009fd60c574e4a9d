import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gap } from '../../../src/concurrency/gap.ts'

test('the first begins at once; what follows within the gap waits for its end', () => {
  const gap = new Gap(50)

  assert.equal(gap.left(1_000), 0)
  gap.begin(1_000)
  assert.equal(gap.left(1_010), 40)
  assert.equal(gap.left(1_050), 0)
  gap.begin(1_060)
  assert.equal(gap.left(1_061), 49)
})

test('a clock that was set back makes nothing wait longer than the gap', () => {
  const gap = new Gap(50)
  gap.begin(1_000_000)

  assert.equal(gap.left(5), 50)
})
