import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localClient } from '../../../../src/api/client/local-client.ts'
import type { Cid } from '../../../../src/core/cid.ts'
import type { Draft } from '../../../../src/core/contribution/schema.ts'
import { setStanding } from '../../../../src/node/access/set-standing.ts'
import { fetchRemoteContribution } from '../../../../src/node/fetch/fetch.ts'
import { publish } from '../../../../src/node/publish.ts'
import { sample } from '../../../conformance/samples.ts'
import { plainDraft } from '../../../support/http.ts'
import { type ServedNode, serveNode } from '../../../support/serve-node.ts'
import { until } from '../../../support/until.ts'

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
  assert.deepEqual(behind(byMetric['loss']), { groves: 1, trusted: 0, signedBy: [theirs] })
  assert.deepEqual(behind(byAdoption), { groves: 2, trusted: 0, signedBy: [theirs] })
  assert.deepEqual(behind(byRecency), { groves: 1, trusted: 0, signedBy: [theirs] })
  const ofMetric = (name: string) => entries.filter(({ metric }) => metric === name)
  assert.deepEqual(behind(ofMetric('loss')), { groves: 1, trusted: 0, signedBy: [theirs] })
  assert.deepEqual(behind(ofMetric('_adoption')), { groves: 2, trusted: 0, signedBy: [theirs] })
  const own = await grove.standing({ cid: await publishedAt(here, { summary: 'ours' }) })
  assert.deepEqual(
    own.origins?.map(({ peerId, own }) => [peerId, own]),
    [[ours, true]],
  )
})

test('what counts that nobody has signed is told apart, as of groves without keys', async () => {
  await using here = await serveNode()
  const { cid } = (await publish(here.node, { ...plainDraft, scores })).contribution
  const relations = [{ targetCid: cid, relationType: 'adopts' as const }]
  await publish(here.node, { ...plainDraft, summary: 'signed', relations })
  const provenance = { origin: 'peer', peerId: 'p', address: 'http://p', receivedAt: 1 } as const
  for (const summary of ['one', 'two'])
    await here.node.contributions.put(sample({ summary, relations }), provenance)

  const { adoption, signedBy, unsigned } = await localClient(here.node).standing({ cid })

  assert.deepEqual([adoption, signedBy?.adoption, unsigned?.adoption], [3, 1, 2])
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

test('what a trusted grove or this one reviewed, and did not publish, is attested and found so', async () => {
  await using author = await serveNode()
  await using here = await serveNode()
  const publishedAt = async ({ node }: ServedNode, draft: Partial<Draft>) =>
    (await publish(node, { ...plainDraft, ...draft })).contribution.cid
  const review = (targetCid: Cid, summary: string) => ({
    ...{ kind: 'review' as const, summary, scores: { quality: scores.loss } },
    relations: [{ targetCid, relationType: 'reviews' as const }],
  })
  await here.node.recounting.start()
  const theirs = await publishedAt(author, { summary: 'theirs', scores })
  const praised = await publishedAt(author, { summary: 'praised by its author', scores })
  await publishedAt(author, review(praised, 'praise'))
  const ours = await publishedAt(here, { summary: 'ours', scores })
  for (const cid of [theirs, praised])
    await fetchRemoteContribution(here.node, cid, { peer: author.url })
  await publishedAt(here, review(theirs, 'good'))
  await publishedAt(here, review(ours, 'our own is good'))
  const grove = localClient(here.node)
  const levels = async () =>
    Promise.all([theirs, praised, ours].map(async (cid) => (await grove.standing({ cid })).level))

  assert.deepEqual(await levels(), ['attested', 'evidenced', 'evidenced'])
  const best = async (query: { level?: 'attested'; minOrigins?: number }) => {
    const { byMetric, byReviewScore } = await grove.frontier({ ...query, kind: 'work' })
    return [byMetric['loss'] ?? [], byReviewScore].map((found) => found.map(({ cid }) => cid))
  }
  assert.deepEqual(await best({ level: 'attested' }), [[theirs], [theirs]])
  assert.deepEqual(await best({ minOrigins: 2 }), [[], []])
  const { entries } = await grove.federatedFrontier({ level: 'attested', origins: true })
  assert.deepEqual(
    new Set(entries.map(({ cid, level, origins }) => `${cid} ${level} ${origins?.attested}`)),
    new Set([`${theirs} attested true`, `${theirs} bound true`]),
  )

  await setStanding(here.node, { peer: author.node.config.self.peerId, standing: 'trusted' })
  await until('the change', () => !here.node.recounting.isUnderWay)
  assert.deepEqual(await levels(), ['attested', 'evidenced', 'evidenced'], 'its own word is not')
  const standing = await grove.standing({ cid: praised })
  assert.equal(standing.trusted?.reviews, 1)
  assert.equal(standing.origins?.[0]?.standing, 'trusted')
})
