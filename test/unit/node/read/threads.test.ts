import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroveApi } from '../../../../src/api/client/api.ts'
import { localClient } from '../../../../src/api/client/local-client.ts'
import type { Cid } from '../../../../src/core/cid.ts'
import { isGroveError } from '../../../../src/core/errors.ts'
import { withCode } from '../../../support/errors.ts'
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

/** Publishes a line of so many replies, each to the one before; the cids from the root on. */
async function line(grove: GroveApi, length: number): Promise<Cid[]> {
  const cids = [await discussion(grove, 'a long story', 0)]
  for (let n = 1; n <= length; n++) {
    const target = cids.at(-1) ?? ('' as Cid)
    const { cid } = await grove.publish({
      ...plainDraft,
      kind: 'discussion',
      summary: `chapter ${n}`,
      relations: [{ targetCid: target, relationType: 'responds_to' }],
    })
    cids.push(cid)
  }
  return cids
}

test('a conversation in a line is shown to its end, and listed once, by its root', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const cids = await line(grove, 300)
  const [root] = cids

  const whole = await grove.thread({ cid: root! })

  assert.deepEqual(
    whole.nodes.map(({ cid }) => cid),
    cids,
  )
  assert.deepEqual([whole.count, whole.next, whole.cut], [301, undefined, undefined])
  assert.deepEqual(
    (await grove.threads({})).threads.map(({ cid }) => cid),
    [root],
  )
})

test('where a thread is cut, it says so and how to go on', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const cids = await line(grove, 25)
  const cid = cids[0]!
  const wide = await discussion(grove, 'wide', 9)

  const pages: Cid[][] = []
  let after: Cid | undefined
  do {
    const page = await grove.thread({ cid, limit: 10, after })
    pages.push(page.nodes.map((node) => node.cid))
    after = page.next
  } while (after !== undefined)
  const shallow = await grove.thread({ cid, maxDepth: 3 })
  const firstOfWide = await grove.thread({ cid: wide, limit: 4 })
  const restOfWide = await grove.thread({ cid: wide, after: firstOfWide.next })

  assert.deepEqual(pages.flat(), cids)
  assert.deepEqual(
    pages.map(({ length }) => length),
    [10, 10, 6],
  )
  assert.deepEqual([shallow.count, shallow.next, shallow.cut], [4, undefined, true])
  assert.deepEqual([firstOfWide.count, restOfWide.count, restOfWide.cut], [4, 6, undefined])
  await assert.rejects(grove.thread({ cid: wide, after: cid }), withCode('not-found'))
})
