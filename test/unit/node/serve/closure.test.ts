import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Relation } from '../../../../src/core/contribution/schema.ts'
import type { ClosureRequest } from '../../../../src/core/wire/federation.ts'
import { streamClosure } from '../../../../src/node/serve/closure.ts'
import { collect, work } from '../../../support/peer.ts'
import { hold, type TestNode, testNode } from '../../../support/test-node.ts'

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
    until: grove.node.contributions.position(4),
  })
})

test('the closure of what is not here is absent', async () => {
  await using grove = testNode()

  await assert.rejects(collect(streamClosure(grove.node, { cid: work('elsewhere').cid })), {
    code: 'absent',
  })
})

/** What a grove answers about one work, as the summaries of what it sends and its trailer. */
async function evidenceAbout(grove: TestNode, request: ClosureRequest) {
  const lines = (
    await collect(streamClosure(grove.node, { ancestors: 0, evidence: true, ...request }))
  ).map((line) => JSON.parse(Buffer.from(line).toString()))
  const { trailer } = lines.pop()
  return { summaries: lines.map(({ summary }) => summary), trailer }
}

test('a challenge is told before a thousand adoptions, and the rest in further pages', async () => {
  await using grove = testNode()
  const target = work('the work')
  const says = (summary: string, relation: Omit<Relation, 'targetCid'>) =>
    work(summary, { relations: [{ targetCid: target.cid, ...relation }] })
  const adoptions = Array.from({ length: 1_100 }, (_, n) =>
    says(`adoption ${n}`, { relationType: 'adopts' }),
  )
  const challenged = { result: 'challenged' }
  const challenge = says('challenge', { relationType: 'reproduces', metadata: challenged })
  for (const item of [target, ...adoptions, challenge]) await hold(grove, item)

  const first = await evidenceAbout(grove, { cid: target.cid })
  const { next: evidenceAfter, until: evidenceSince } = first.trailer
  const second = await evidenceAbout(grove, { cid: target.cid, evidenceAfter })
  const late = says('late', { relationType: 'adopts' })
  await hold(grove, late)
  const news = await evidenceAbout(grove, { cid: target.cid, evidenceSince })

  assert.equal(first.summaries[0], 'challenge')
  assert.equal(first.trailer.truncatedBy, 'count')
  const all = new Set([...first.summaries, ...second.summaries])
  assert.deepEqual(
    [first, second].map(({ summaries }) => summaries.length),
    [1_000, 101],
  )
  assert.equal(all.size, 1_101)
  assert.equal(second.trailer.next, undefined)
  assert.deepEqual(news.summaries, ['late'])
})

test('where the ancestors fill an answer, its trailer says where the evidence begins', async () => {
  await using grove = testNode()
  const ancestors = Array.from({ length: 1_000 }, (_, n) => work(`ancestor ${n}`))
  const target = work('the work', {
    relations: ancestors.map(({ cid }) => ({ targetCid: cid, relationType: 'derives_from' })),
  })
  const review = work('review', {
    kind: 'review',
    relations: [{ targetCid: target.cid, relationType: 'reviews' }],
  })
  for (const item of [...ancestors, target, review]) await hold(grove, item)

  const first = await evidenceAbout(grove, { cid: target.cid, ancestors: 1 })
  const { next: evidenceAfter } = first.trailer
  const second = await evidenceAbout(grove, { cid: target.cid, evidenceAfter })

  assert.equal(first.trailer.truncatedBy, 'count')
  assert.notEqual(evidenceAfter, undefined)
  assert.deepEqual(second.summaries, ['review'])
})
