import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DigestSet } from '../../../src/concurrency/digest-set.ts'

const digest = (first: number, second: number) => {
  const bytes = Buffer.alloc(32)
  bytes.writeUInt32LE(first, 0)
  bytes.writeUInt32LE(second, 4)
  return bytes
}

test('a set of digests has what was added, and nothing else, however they lie', () => {
  const set = new DigestSet()
  const added = Array.from({ length: 1_000 }, (_, n) => digest(n % 7, n * 2))

  assert.equal(
    added.every((each) => !set.has(each) && set.add(each)),
    true,
  )

  assert.equal(
    added.every((each) => set.has(each) && !set.add(each)),
    true,
  )
  assert.equal(set.size, 1_000)
  assert.equal(set.has(digest(1, 2_001)), false)
})

test('a digest of zeros is one, too', () => {
  const set = new DigestSet()

  assert.deepEqual([set.has(digest(0, 0)), set.add(digest(0, 0))], [false, true])
  assert.deepEqual([set.has(digest(0, 0)), set.add(digest(0, 0))], [true, false])
})
