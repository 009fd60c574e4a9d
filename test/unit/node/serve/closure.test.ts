import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamClosure } from '../../../../src/node/serve/closure.ts'
import { collect, work } from '../../../support/peer.ts'
import { hold, testNode } from '../../../support/test-node.ts'

test('a closure is the ancestors, parents first, then the evidence, then the trailer', async () => {
  await using grove = testNode()
  const root = work('root')
  const middle = work('middle', {
    relations: [{ targetCid: root.cid, relationType: 'derives_from' }],
  })
  const missing = work('missing')
  const leaf = work('leaf', {
    relations: [middle, root, missing].map(({ cid }) => ({
      targetCid: cid,
      relationType: 'derives_from' as const,
    })),
  })
  const review = work('review', {
    kind: 'review',
    relations: [{ targetCid: leaf.cid, relationType: 'reviews' }],
  })
  for (const item of [root, middle, leaf, review]) await hold(grove, item)

  const lines = (
    await collect(streamClosure(grove.node, { cid: leaf.cid, ancestors: 2, evidence: true }))
  ).map((line) => Buffer.from(line).toString().trimEnd())

  assert.deepEqual(
    lines.slice(0, 3),
    [root, middle, review].map(({ bytes }) => Buffer.from(bytes).toString()),
  )
  const { trailer } = JSON.parse(lines[3]!)
  assert.deepEqual(trailer, {
    sent: 3,
    bytes: lines.slice(0, 3).join('').length,
    missing: [missing.cid],
  })
})

test('the closure of what is not here is absent', async () => {
  await using grove = testNode()

  await assert.rejects(collect(streamClosure(grove.node, { cid: work('elsewhere').cid })), {
    code: 'absent',
  })
})
