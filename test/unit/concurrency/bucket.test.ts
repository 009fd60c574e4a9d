import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bucket } from '../../../src/concurrency/bucket.ts'

test('a bucket gives what it holds, then at the rate at which it is filled', () => {
  const bucket = new Bucket(2, 1_000)
  const take = (...times: number[]) => times.map((now) => bucket.tryTake(now))

  assert.deepEqual(take(0, 0, 0, 999), [true, true, false, false])
  assert.deepEqual(take(1_000, 1_000), [true, false])
  assert.deepEqual(take(0, 500, 1_000), [false, false, true])
  assert.deepEqual(take(60_000, 60_000, 60_000), [true, true, false])
})

test('what is used beyond a bucket is owed, up to so many, and it tells how long that takes', () => {
  const bucket = new Bucket(2, 1_000, 3)

  assert.equal(bucket.waitMs(0), 0)
  bucket.owe(0, 2)
  assert.equal(bucket.waitMs(0), 1_000)
  bucket.owe(0, 100)
  assert.equal(bucket.waitMs(0), 4_000)
  assert.equal(bucket.waitMs(3_500), 500)
  assert.equal(bucket.tryTake(4_000), true)
})
