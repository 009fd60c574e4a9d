import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cid, hashBytes } from '../../../src/core/cid.ts'
import { breadthFirst, type WalkLimits } from '../../../src/core/contribution/walk.ts'

const cid = (name: string): Cid => hashBytes(Buffer.from(name))
const names = new Map(['a', 'b', 'c', 'd', 'e'].map((name) => [cid(name), name]))
const wide: WalkLimits = { maxDepth: 10, maxCount: 100 }

/**
 * Walks a graph given as `a: 'bc'`. Returns what it met, as `name+depth`, and what it asked for in
 * each step.
 */
function walk(
  graph: Readonly<Record<string, string>>,
  limits: WalkLimits,
): { met: string[]; asked: string[] } {
  const asked: string[] = []
  const generator = breadthFirst(cid('a'), limits)
  let step = generator.next()
  while (!step.done) {
    asked.push(step.value.map((from) => names.get(from)).join(''))
    const neighbours = step.value.map(
      (from) => [from, [...(graph[names.get(from) ?? ''] ?? '')].map(cid)] as const,
    )
    step = generator.next(new Map(neighbours))
  }
  return { met: step.value.map((visit) => `${names.get(visit.cid)}${visit.depth}`), asked }
}

test('every node is met once, nearest first, and requested level by level', () => {
  const { met, asked } = walk({ a: 'bc', b: 'd', c: 'd', d: 'e' }, wide)

  assert.deepEqual(met, ['a0', 'b1', 'c1', 'd2', 'e3'])
  assert.deepEqual(asked, ['a', 'bc', 'd', 'e'])
})

test('cycles end', () => {
  assert.deepEqual(walk({ a: 'ab', b: 'a' }, wide).met, ['a0', 'b1'])
})

test('a walk ends at its depth limit', () => {
  assert.deepEqual(walk({ a: 'b', b: 'c', c: 'd' }, { ...wide, maxDepth: 2 }).met, [
    'a0',
    'b1',
    'c2',
  ])
  assert.deepEqual(walk({ a: 'b' }, { ...wide, maxDepth: 0 }), { met: ['a0'], asked: [] })
})

test('nodes met within the limit are requested even if no more can be added', () => {
  const { met, asked } = walk({ a: 'bcd', b: 'e' }, { ...wide, maxCount: 3 })

  assert.deepEqual(met, ['a0', 'b1', 'c1'])
  assert.deepEqual(asked, ['a', 'bc'])
})

test('a walk ends at its limit, which includes the start', () => {
  assert.deepEqual(walk({ a: 'bcd', b: 'e' }, { ...wide, maxCount: 3 }).met, ['a0', 'b1', 'c1'])
  assert.deepEqual(walk({ a: 'bcd' }, { ...wide, maxCount: 1 }).met, ['a0'])
})

test('a node without listed neighbours has none', () => {
  assert.deepEqual(walk({}, wide).met, ['a0'])
})
