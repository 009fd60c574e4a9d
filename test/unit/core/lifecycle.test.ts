import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBytes } from '../../../src/core/cid.ts'
import { LIFECYCLE, lifecycleOf } from '../../../src/core/contribution/lifecycle.ts'
import { type Edge, type Saying, saidBy } from '../../../src/core/contribution/relation.ts'
import type { RelationType } from '../../../src/core/contribution/schema.ts'

const [source, target] = [hashBytes(new Uint8Array([1])), hashBytes(new Uint8Array([2]))]
const edge = (type: RelationType, metadata?: Edge['metadata']): Saying =>
  saidBy({ source, target, type, ...(metadata && { metadata }) }, { turn: 1, seq: 1 })

/** An edge for each state, the highest state first. */
const edges: readonly Saying[] = [
  edge('derives_from', { relationship: 'supersedes' }),
  edge('reproduces', { result: 'challenged' }),
  edge('adopts'),
  edge('reproduces', { result: 'confirmed' }),
  edge('reviews'),
  edge('responds_to'),
]

test('each edge leads to its state', () => {
  assert.deepEqual(
    edges.map((one) => lifecycleOf([one])),
    [...LIFECYCLE],
  )
})

test('what did not reproduce a contribution challenges it, in whatever words', () => {
  const stateBy = (result: string) => lifecycleOf([edge('reproduces', { result })])

  assert.deepEqual(['partial', 'confirmed'].map(stateBy), ['reproduced', 'reproduced'])
  assert.deepEqual(['failed', 'refuted'].map(stateBy), ['challenged', 'challenged'])
})

test('the highest state applies, whatever the order of edges', () => {
  for (let first = 0; first < edges.length; first++) {
    assert.equal(lifecycleOf(edges.slice(first)), LIFECYCLE[first])
    assert.equal(lifecycleOf(edges.slice(first).reverse()), LIFECYCLE[first])
  }
})

test('a contribution without relations to it, or with derivations only, is published', () => {
  assert.equal(lifecycleOf([]), 'published')
  assert.equal(lifecycleOf([edge('derives_from')]), 'published')
})
