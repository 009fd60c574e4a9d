import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contribution } from '../../../../src/core/contribution/contribution.ts'
import { bestList } from '../../../../src/node/serve/best.ts'
import { someBytes, work } from '../../../support/peer.ts'
import { hold, testNode } from '../../../support/test-node.ts'

const scored = (summary: string, value: number, artifacts: Record<string, string> = {}) =>
  work(summary, {
    scores: { loss: { value, direction: 'minimize' } },
    artifacts: artifacts as Record<string, Contribution['cid']>,
  })
const [good, better, best] = [scored('good', 0.9), scored('better', 0.8), scored('best', 0.7)]

test('the best list names the best first, with sizes, and keeps to threshold and limit', async () => {
  await using grove = testNode()
  const { hash } = await grove.node.blobs.put(someBytes(123, 1))
  const heavy = scored('heavy', 0.6, { a: hash, b: hash })
  for (const item of [good, better, best, heavy]) await hold(grove, item)

  const answer = await bestList(grove.node, { dimension: 'loss', threshold: 0.8, limit: 2 })

  assert.deepEqual(
    answer.entries.map(({ cid, artifactBytes }) => [cid, artifactBytes]),
    [
      [heavy.cid, 123],
      [best.cid, 0],
    ],
  )
  assert.equal(answer.direction, 'minimize')
})

test('a best list leaves the choice that a policy leaves: one of the tags, one of the kinds', async () => {
  await using grove = testNode()
  const tagged = (tag: string, kind: 'work' | 'plan') =>
    work(`${tag} ${kind}`, {
      kind,
      tags: [tag],
      scores: { loss: { value: 0.5, direction: 'minimize' } },
    })
  const [text, code, plan] = [
    tagged('text', 'work'),
    tagged('code', 'work'),
    tagged('code', 'plan'),
  ]
  for (const item of [best, text, code, plan]) await hold(grove, item)
  const cids = async (query: object) =>
    new Set(
      (await bestList(grove.node, { dimension: 'loss', limit: 100, ...query })).entries.map(
        ({ cid }) => cid,
      ),
    )

  const kinds = ['work', 'plan']
  assert.deepEqual(await cids({}), new Set([best.cid, text.cid, code.cid]))
  assert.deepEqual(
    await cids({ tags: ['text', 'code'], kinds }),
    new Set([text.cid, code.cid, plan.cid]),
  )
  assert.deepEqual(
    await cids({ tags: ['code', 'nosuch'], kinds: ['plan', 'review'] }),
    new Set([plan.cid]),
  )
})
