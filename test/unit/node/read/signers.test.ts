import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localClient } from '../../../../src/api/client/local-client.ts'
import type { Draft } from '../../../../src/core/contribution/schema.ts'
import { fetchRemoteContribution } from '../../../../src/node/fetch/fetch.ts'
import { publish } from '../../../../src/node/publish.ts'
import { plainDraft } from '../../../support/http.ts'
import { type ServedNode, serveNode } from '../../../support/serve-node.ts'

const scores = { loss: { value: 0.5, direction: 'minimize' as const } }

test('who has signed a work, and how many groves what is said of it, is shown', async () => {
  await using author = await serveNode()
  await using here = await serveNode()
  const [theirs, ours] = [author, here].map(({ node }) => node.config.self.peerId)
  const publishedAt = async ({ node }: ServedNode, draft: Partial<Draft>) =>
    (await publish(node, { ...plainDraft, ...draft })).contribution.cid
  const cid = await publishedAt(author, { summary: 'the work', scores })
  const relations = [{ targetCid: cid, relationType: 'adopts' as const }]
  for (const summary of ['one', 'two']) await publishedAt(author, { summary, relations })
  await fetchRemoteContribution(here.node, cid, { peer: author.url })
  await publishedAt(here, { summary: 'three', relations })
  const grove = localClient(here.node)

  const standing = await grove.standing({ cid })
  const { byMetric, byAdoption, byRecency } = await grove.frontier({ origins: true })
  const { entries } = await grove.federatedFrontier({ origins: true })

  assert.deepEqual(
    standing.origins?.map(({ peerId, own }) => [peerId, own]),
    [[theirs, undefined]],
  )
  assert.equal(standing.adoption, 3)
  assert.deepEqual(standing.signedBy, { adoption: 2, reproduction: 0, reviews: 0 })
  const behind = (entries: readonly { readonly cid: string; readonly origins?: unknown }[] = []) =>
    entries.find((entry) => entry.cid === cid)?.origins
  assert.deepEqual(behind(byMetric['loss']), { groves: 1, signedBy: [theirs] })
  assert.deepEqual(behind(byAdoption), { groves: 2, signedBy: [theirs] })
  assert.deepEqual(behind(byRecency), { groves: 1, signedBy: [theirs] })
  const ofMetric = (name: string) => entries.filter(({ metric }) => metric === name)
  assert.deepEqual(behind(ofMetric('loss')), { groves: 1, signedBy: [theirs] })
  assert.deepEqual(behind(ofMetric('_adoption')), { groves: 2, signedBy: [theirs] })
  const own = await grove.standing({ cid: await publishedAt(here, { summary: 'ours' }) })
  assert.deepEqual(
    own.origins?.map(({ peerId, own }) => [peerId, own]),
    [[ours, true]],
  )
})

test('a frontier says nothing of origins unasked', async () => {
  await using here = await serveNode()
  await publish(here.node, { ...plainDraft, scores })
  const grove = localClient(here.node)

  const { byMetric } = await grove.frontier({})
  const { entries } = await grove.federatedFrontier({})

  for (const entry of [...Object.values(byMetric).flat(), ...entries])
    assert.equal(entry.origins, undefined)
})
