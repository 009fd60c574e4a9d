import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedMap, BoundedSet } from '../../../src/concurrency/bounded.ts'

test('a bounded map keeps the latest entries, and returns those that it evicts', () => {
  const evicted: string[] = []
  const map = new BoundedMap<string, number>(2, (key) => evicted.push(key))

  map.set('a', 1).set('b', 2).set('a', 3).set('c', 4)

  assert.deepEqual(
    [...map],
    [
      ['a', 3],
      ['c', 4],
    ],
  )
  assert.deepEqual(evicted, ['b'])
})

test('a bounded set keeps the latest items', () => {
  const set = new BoundedSet<string>(2)

  set.add('a').add('b').add('a').add('c')

  assert.deepEqual([...set], ['b', 'c'])
})
