import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroveApi } from '../../../../src/api/client/api.ts'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { isGroveError } from '../../../../src/core/errors.ts'
import { plainDraft } from '../../../support/http.ts'
import { testNode } from '../../../support/test-node.ts'

/** Publishes a contribution with some replies; its cid. */
async function discussion(grove: GroveApi, summary: string, replies: number, tags: string[] = []) {
  const { cid } = await grove.publish({ ...plainDraft, summary, tags })
  for (let n = 0; n < replies; n++)
    await grove.publish({
      ...plainDraft,
      kind: 'discussion',
      summary: `reply ${n} to ${summary}`,
      createdAt: `2026-03-01T12:00:0${n}+02:00`,
      relations: [{ targetCid: cid, relationType: 'responds_to' }],
    })
  return cid
}

test('a grove without replies has no threads', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  await discussion(grove, 'unanswered', 0)

  assert.deepEqual(await grove.threads({}), { threads: [], count: 0 })
})

test('threads come with their root, how many replies it has and when the latest was made', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const quiet = await discussion(grove, 'quiet', 1)
  const lively = await discussion(grove, 'lively', 3, ['lm'])

  const { threads, count } = await grove.threads({})

  assert.deepEqual(threads, [
    {
      cid: lively,
      replyCount: 3,
      lastReplyAt: '2026-03-01T10:00:02.000Z',
      contribution: await grove.contribution({ cid: lively }),
    },
    {
      cid: quiet,
      replyCount: 1,
      lastReplyAt: '2026-03-01T10:00:00.000Z',
      contribution: await grove.contribution({ cid: quiet }),
    },
  ])
  assert.equal(count, 2)
})

test('threads are those that have all tags, up to the limit', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const both = await discussion(grove, 'both', 1, ['lm', 'x'])
  const one = await discussion(grove, 'one', 2, ['lm'])
  const found = async (query: { tags?: string[]; limit?: number }) =>
    (await grove.threads(query)).threads.map(({ cid }) => cid)

  assert.deepEqual(await found({ tags: ['lm'] }), [one, both])
  assert.deepEqual(await found({ tags: ['x', 'lm'] }), [both])
  assert.deepEqual(await found({ limit: 1 }), [one])
})

test('a limit outside its bounds is refused', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)

  for (const limit of [0, 1_001, 1.5])
    await assert.rejects(grove.threads({ limit }), (error) =>
      isGroveError(error, 'validation-error'),
    )
})
