import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteCache } from '../../../src/concurrency/byte-cache.ts'

const named = (name: string) => ({ name })

test('the least recently used value is evicted first, and the limit is kept', () => {
  const cache = new ByteCache<number, { name: string }>(1_000)
  for (let n = 0; n < 10; n++) cache.keep(n, named(`${n}`), 100)
  cache.get(0)

  cache.keep(10, named('10'), 100)

  assert.equal(cache.get(1), undefined)
  assert.deepEqual(cache.get(0), named('0'))
  assert.deepEqual(cache.get(10), named('10'))
  assert.equal(cache.bytes, 1_000)
})

test('a value that is too large is returned but not kept, and evicts nothing', () => {
  const cache = new ByteCache<number, { name: string }>(1_000)
  cache.keep(1, named('small'), 100)

  assert.deepEqual(cache.keep(2, named('large'), 126), named('large'))

  assert.equal(cache.get(2), undefined)
  assert.deepEqual(cache.get(1), named('small'))
})

test('replacing a value frees its bytes', () => {
  const cache = new ByteCache<number, { name: string }>(1_000)
  cache.keep(1, named('one'), 100)

  cache.keep(1, named('another'), 50)

  assert.deepEqual(cache.get(1), named('another'))
  assert.equal(cache.bytes, 50)
})
