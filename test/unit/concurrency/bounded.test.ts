import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
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

test('what was put last is kept, whatever comes and goes in between', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(9), fc.constantFrom('set', 'delete', 'clear'))),
      (steps) => {
        const [map, set] = [new BoundedMap<number, number>(3), new BoundedSet<number>(3)]
        let [inMap, inSet]: [number[], number[]] = [[], []]
        for (const [key, step] of steps) {
          if (step === 'clear' && key > 7) {
            map.clear()
            set.clear()
            inMap = []
            inSet = []
          } else if (step === 'delete') {
            map.delete(key)
            set.delete(key)
            inMap = inMap.filter((other) => other !== key)
            inSet = inSet.filter((other) => other !== key)
          } else {
            map.set(key, key)
            set.add(key)
            inMap = [...inMap.filter((other) => other !== key), key].slice(-3)
            if (!inSet.includes(key)) inSet = [...inSet, key].slice(-3)
          }
          assert.deepEqual([...map.keys()], inMap)
          assert.deepEqual([...set], inSet)
        }
      },
    ),
  )
})

test('a bounded set keeps the latest items', () => {
  const set = new BoundedSet<string>(2)

  set.add('a').add('b').add('a').add('c')

  assert.deepEqual([...set], ['b', 'c'])
})
