import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localClient } from '../../../../src/api/client/local-client.ts'
import type { InputOf } from '../../../../src/api/operations/table.ts'
import { hashBytes } from '../../../../src/core/cid.ts'
import type { RelationType } from '../../../../src/core/contribution/schema.ts'
import { withCode } from '../../../support/errors.ts'
import { plainDraft } from '../../../support/http.ts'
import { testNode } from '../../../support/test-node.ts'

test('who reviewed, reproduced and adopted a work is listed with their words, a page at a time', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const { cid } = await grove.publish({ ...plainDraft, summary: 'the work' })
  const say = async (relationType: RelationType, second: number) => {
    const said = await grove.publish({
      ...plainDraft,
      summary: `${relationType} ${second}`,
      createdAt: `2026-03-01T12:00:0${second}Z`,
      relations: [{ targetCid: cid, relationType }],
    })
    return said.summary
  }
  const words = [
    await say('reviews', 1),
    await say('reproduces', 2),
    await say('adopts', 3),
    await say('reviews', 4),
  ]
  await say('responds_to', 5)
  const ask = async (more: Omit<InputOf<'evidence'>, 'cid'>) => {
    const { items, total } = await grove.evidence({ cid, ...more })
    return [items.map(({ summary }) => summary), total]
  }

  assert.deepEqual(await ask({}), [words.toReversed(), 4])
  assert.deepEqual(await ask({ limit: 2, offset: 1 }), [words.toReversed().slice(1, 3), 4])
  assert.deepEqual(await ask({ types: ['reviews'] }), [['reviews 4', 'reviews 1'], 2])
})

test('of a work that nobody has said anything of there is none; an unknown one is not found', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const { cid } = await grove.publish(plainDraft)

  assert.deepEqual(await grove.evidence({ cid }), { items: [], total: 0 })
  await assert.rejects(
    grove.evidence({ cid: hashBytes(new Uint8Array([1])) }),
    withCode('not-found'),
  )
})
