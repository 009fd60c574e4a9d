import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Credit } from '../../../src/protocol/sync/credit.ts'

test('a host is proven while it has brought more of what it offered than it failed to', () => {
  const credit = new Credit()

  assert.ok(!credit.isProven('host'))
  credit.kept('host')
  assert.ok(credit.isProven('host'))
  credit.broken('host')
  assert.ok(!credit.isProven('host'))
})

test('credit is bounded: an honest past does not pay for many inventions', () => {
  const credit = new Credit()

  for (let n = 0; n < 1_000; n++) credit.kept('host')
  for (let n = 0; n < 5; n++) credit.broken('host')
  assert.ok(!credit.isProven('host'))

  for (let n = 0; n < 1_000; n++) credit.broken('host')
  for (let n = 0; n < 2; n++) credit.kept('host')
  assert.ok(credit.isProven('host'))
})
