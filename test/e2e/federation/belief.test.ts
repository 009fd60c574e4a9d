import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FederationPeer } from '../../../src/core/wire/federation.ts'
import type { FederatedEntry, FrontierAnswer } from '../../../src/core/wire/frontier.ts'
import type { DigestEntry, GossipMessage } from '../../../src/core/wire/gossip.ts'
import { gossiping, messageOf } from '../../support/gossip.ts'
import { getJson, postJson, publishTo } from '../../support/http.ts'
import { startPeer, work } from '../../support/peer.ts'
import { groves } from '../../support/processes/groves.ts'
import { groveText } from '../../support/processes/run-grove.ts'
import { until } from '../../support/until.ts'

const { start } = groves()

const loss = (value: number) => ({ loss: { value, direction: 'minimize' as const } })
const lossOf = (cid: FederatedEntry['cid'], value: number): DigestEntry => ({
  metric: 'loss',
  direction: 'minimize',
  cid,
  value,
})
const peerAt = (url: string, address: string) => async () => {
  const { peers } = await getJson<{ peers: FederationPeer[] }>(url, '/api/federation/peers')
  return peers.find((peer) => peer.address === address)
}
const known = (url: string) => getJson<{ entries: FederatedEntry[] }>(url, '/api/gossip/frontier')

test("a lie is proven, lowers its peer's rank, and neither ranks nor travels", async () => {
  const [boasted, invented] = [work('boasted of', { scores: loss(0.9) }), work('never was')]
  const advertisements = [
    lossOf(boasted.cid, 0.1),
    lossOf(invented.cid, 0.2),
    { metric: '_adoption', direction: 'maximize' as const, cid: boasted.cid, value: 1e9 },
    {
      metric: '_recency',
      direction: 'maximize' as const,
      cid: boasted.cid,
      value: Date.parse('2999-01-01'),
    },
  ]
  await using liar = await startPeer('liar', {
    contributions: [boasted],
    misbehave: gossiping('liar', () => advertisements),
  })
  await using honest = await startPeer('honest', { misbehave: gossiping('honest', () => []) })
  const flags = ['--peer', liar.address, '--peer', honest.address]
  const grove = await start('convicts', ...flags)
  const own = await publishTo(grove.url, { summary: 'ours', scores: loss(0.5) })

  const convicted = await until('the verdict', async () => {
    const found = await peerAt(grove.url, liar.address)()
    return found !== undefined && found.record.contradicted > 0 && found
  })

  const [{ at: _, ...proof }] = convicted.record.proofs as [
    FederationPeer['record']['proofs'][number],
  ]
  assert.deepEqual(proof, {
    cid: boasted.cid,
    metric: 'loss',
    advertised: { value: 0.1, direction: 'minimize' },
    actual: { value: 0.9, direction: 'minimize' },
  })
  const other = (await peerAt(grove.url, honest.address)())?.record
  assert.ok(other !== undefined && convicted.record.trust < 0.5 && other.trust >= 0.5)
  assert.equal(other.contradicted, 0)
  const frontier = await getJson<FrontierAnswer>(grove.url, '/api/frontier')
  assert.deepEqual(
    frontier.byMetric['loss']?.map(({ cid }) => cid),
    [own.cid],
  )
  assert.deepEqual(frontier.byAdoption, [])
  const digest = await until('a digest', async () => {
    const answer = await postJson<GossipMessage>(
      grove.url,
      '/api/gossip/exchange',
      messageOf(honest, []),
    )
    return answer.frontier.length > 0 && answer.frontier
  })
  assert.deepEqual([...new Set(digest.map(({ cid }) => cid))], [own.cid])

  const table = await groveText(['peers', '--proofs', '--server', grove.url])
  assert.match(
    table,
    /contradicted advertisements of http:\/\/127\.0\.0\.1:\d+\n.*\n.*loss +0\.1 ↓ +0\.9 ↓/,
  )
  await grove.stop()
  const again = await start('convicts', ...flags)
  const kept = await peerAt(again.url, liar.address)()
  assert.deepEqual(kept?.record.proofs[0], convicted.record.proofs[0])
})

test('advertised items are shown after held ones, and requested once a back-off', async () => {
  const invented = work('never was')
  await using braggart = await startPeer('braggart', {
    misbehave: gossiping('braggart', () => [lossOf(invented.cid, 0.001)]),
  })
  const grove = await start('levels', '--peer', braggart.address, '--gossip-interval', '100ms')
  const own = await publishTo(grove.url, { summary: 'ours', scores: loss(0.5) })
  for (let n = 0; n < 200; n++)
    await postJson(
      grove.url,
      '/api/gossip/exchange',
      messageOf(braggart, [lossOf(invented.cid, 0.01 - n / 100_000)]),
    )
  await until('rounds of gossip', () => braggart.asked('/api/gossip/exchange') > 5)

  const { entries } = await known(grove.url)
  const level = (cid: string) =>
    entries.find((entry) => entry.metric === 'loss' && entry.cid === cid)?.level
  assert.equal(level(own.cid), 'bound')
  assert.equal(level(invented.cid), 'advertised')
  assert.ok(braggart.asked(`GET /api/gossip/contribution/${invented.cid}`) <= 2)
  const shown = await groveText([
    'frontier',
    '--federated',
    '--metric',
    'loss',
    '--server',
    grove.url,
  ])
  const rows = shown.split('\n').filter((line) => /bound|advertised +http/.test(line))
  assert.match(rows[0] ?? '', /^ ?1 .* bound +here/)
  assert.match(rows[1] ?? '', /^ ?\? .* advertised +http/)
})

test('the standing route and show give the level of a contribution, with the reason', async () => {
  const grove = await start('standing')
  const own = await publishTo(grove.url, { summary: 'ours', scores: loss(0.5) })
  const standing = () =>
    getJson<{ level: string; beliefs: { metric: string; level: string }[] }>(
      grove.url,
      `/api/contributions/${own.cid}/standing`,
    )
  assert.equal((await standing()).level, 'bound')
  await publishTo(grove.url, { relations: [{ targetCid: own.cid, relationType: 'adopts' }] })

  const { level, beliefs } = await standing()

  assert.equal(level, 'evidenced')
  assert.deepEqual(Object.fromEntries(beliefs.map((belief) => [belief.metric, belief.level])), {
    _recency: 'bound',
    loss: 'bound',
    _adoption: 'evidenced',
  })
  assert.match(
    await groveText(['show', own.cid, '--server', grove.url]),
    /believed +evidenced: .*adopted 1×/,
  )
})

test('an item whose manifest the policy excludes is refused, and listed as refused', async () => {
  const disguised = work('disguised', { scores: loss(0.1), tags: ['vision'] })
  const entry = {
    cid: disguised.cid,
    value: 0.1,
    kind: 'work',
    tags: ['lm'],
    manifestBytes: 300,
    artifactBytes: 0,
  }
  await using peer = await startPeer('peer', {
    contributions: [disguised],
    best: { loss: { dimension: 'loss', direction: 'minimize', entries: [entry] } },
    misbehave: gossiping('peer', () => [{ ...lossOf(disguised.cid, 0.1), tags: ['lm'] }]),
  })
  const grove = await start('refuses', '--peer', peer.address, '--sync-tag', 'lm')

  const refusals = await until('the refusal', async () => {
    const found = await getJson<{ refusals: { cid: string; reason: string }[] }>(
      grove.url,
      '/api/federation/refusals',
    )
    return found.refusals.length > 0 && found.refusals
  })
  await until('more rounds', () => peer.asked('/api/federation/best') > 8)

  assert.deepEqual(
    refusals.map(({ cid, reason }) => ({ cid, reason })),
    [{ cid: disguised.cid, reason: 'tags' }],
  )
  assert.equal((await fetch(`${grove.url}/api/contributions/${disguised.cid}`)).status, 404)
  assert.equal(peer.asked(`GET /api/gossip/contribution/${disguised.cid}`), 1)
})
