import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cid } from '../../../src/core/cid.ts'
import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import { defaultPolicy } from '../../../src/core/policy.ts'
import type { DigestEntry, GossipMessage } from '../../../src/core/wire/gossip.ts'
import { fetchRemoteContribution } from '../../../src/node/fetch/fetch.ts'
import type { GroveNode } from '../../../src/node/node.ts'
import { federatedFrontier, frontier } from '../../../src/node/read/frontier.ts'
import { standingOf } from '../../../src/node/read/queries.ts'
import { bestList } from '../../../src/node/serve/best.ts'
import { gossipAnswer, messageOf } from '../../support/gossip.ts'
import { work } from '../../support/peer.ts'
import { addressOf, type Misbehave, virtualWorld } from '../../support/world.ts'

const { startPeer, testNode, until } = virtualWorld()

const scored = (summary: string, value: number) =>
  work(summary, { scores: { loss: { value, direction: 'minimize' } } })
const advertisement = (
  { cid }: { cid: Cid },
  value: number,
  more: Partial<DigestEntry> = {},
): DigestEntry => ({
  cid,
  metric: 'loss',
  direction: 'minimize',
  value,
  ...more,
})
const gossiping =
  (peerId: string, digest: () => readonly DigestEntry[]): Misbehave =>
  ({ path }) =>
    gossipAnswer({ peerId, address: addressOf(peerId) }, digest(), path)
const off = { policy: { ...defaultPolicy, scope: 'off' as const } }
const gossips = { reachable: true, gossipIntervalMs: 60_000 }
const [good, other] = [scored('good', 0.9), scored('other', 0.8)]
const hold = (node: GroveNode, contribution: Contribution) =>
  node.contributions
    .put(contribution, { origin: 'local', receivedAt: node.clock.now() })
    .then(() => node.stored([contribution]))

/** A message arrives, from the host of the address that it gives. */
const say = ({ node }: { node: GroveNode }, message: GossipMessage) =>
  node.exchange(message, new URL(message.address).hostname)

test('a digest that contradicts a held manifest is proof against its peer', async () => {
  const lies = [advertisement(good, 0.1), advertisement(other, 0.8)]
  await using liar = startPeer('liar', { misbehave: gossiping('liar', () => lies) })
  await using grove = testNode([liar], { ...off, ...gossips })
  await hold(grove.node, good)
  await hold(grove.node, other)

  await grove.node.start()

  const record = await until('the verdict', () => {
    const found = grove.node.peers.record(liar.address)
    return found.contradicted + found.confirmed === 2 && found
  })
  const [proof] = record.proofs
  assert.deepEqual(
    { ...proof, at: '' },
    {
      cid: good.cid,
      metric: 'loss',
      advertised: { value: 0.1, direction: 'minimize' },
      actual: { value: 0.9, direction: 'minimize' },
      at: '',
    },
  )
  assert.ok(record.trust < 0.5)
})

test('advertisements of a contribution are verified when it arrives in another way', async () => {
  await using liar = startPeer('liar', {
    misbehave: gossiping('liar', () => [advertisement(good, 0.1)]),
  })
  await using honest = startPeer('honest', {
    contributions: [good],
    misbehave: gossiping('honest', () => [advertisement(good, 0.9)]),
  })
  await using grove = testNode([liar, honest], { ...off, ...gossips })
  await grove.node.start()
  await until(
    'both advertisements',
    () => grove.node.gossip.advertisementsOf(good.cid).length === 2,
  )

  await fetchRemoteContribution(grove.node, good.cid, { peer: honest.address })

  await until('the verdict', () => grove.node.peers.record(liar.address).contradicted === 1)
  const { confirmed, contradicted } = grove.node.peers.record(honest.address)
  assert.deepEqual({ confirmed, contradicted }, { confirmed: 1, contradicted: 0 })
})

test('a repeated advertisement is verified once', async () => {
  await using liar = startPeer('liar', {
    misbehave: gossiping('liar', () => [advertisement(good, 0.1)]),
  })
  await using grove = testNode([liar], { ...off, ...gossips, gossipIntervalMs: 20 })
  await hold(grove.node, good)

  await grove.node.start()
  await until('some rounds', () => liar.asked('exchange') >= 4)

  assert.equal(grove.node.peers.record(liar.address).contradicted, 1)
})

test('a peer is not blamed for a lie that was sent in its name', async () => {
  await using victim = startPeer('victim', {
    contributions: [good],
    misbehave: gossiping('victim', () => [advertisement(good, 0.9)]),
  })
  await using grove = testNode([victim], { ...off, ...gossips })
  await hold(grove.node, good)
  await grove.node.start()
  await until('its own word', () => grove.node.peers.record(victim.address).confirmed === 1)

  say(grove, messageOf(victim, [advertisement(good, 0.1)]))
  say(grove, messageOf({ peerId: 'impostor', address: victim.address }, [advertisement(good, 0.2)]))
  await grove.node.advertisements.verifyHeld([good.cid])

  assert.equal(grove.node.peers.record(victim.address).contradicted, 0)
  assert.deepEqual(
    grove.node.gossip.advertisementsOf(good.cid).map(({ value }) => value),
    [0.9],
  )
})

test('however often peers tell of what is held, its manifest is read once', async (t) => {
  await using grove = testNode([], { ...off, ...gossips })
  const { contributions } = grove.node
  await hold(grove.node, good)
  const reads = (['get', 'bytes'] as const).map((name) => t.mock.method(contributions, name))
  const stranger = { peerId: 'stranger', address: 'http://127.0.0.1:9' }

  for (const value of [0.1, 0.2, 0.3, 0.9]) {
    say(grove, messageOf(stranger, [advertisement(good, value)]))
    await grove.node.advertisements.verifyHeld([good.cid])
    await federatedFrontier(grove.node)
  }

  assert.equal(
    reads.reduce((sum, { mock }) => sum + mock.callCount(), 0),
    1,
  )
})

test("an item wanted only for a lie in another's name is not stored", async () => {
  await using victim = startPeer('victim', { contributions: [good, other] })
  await using grove = testNode([victim])

  say(grove, messageOf(victim, [advertisement(good, 0.1), advertisement(other, 0.8)]))

  await until('the truly advertised item', () => grove.node.contributions.get(other.cid))
  await until(
    'the other to be asked for',
    () => victim.asked(`GET /api/gossip/contribution/${good.cid}`) === 1,
  )
  assert.equal(await grove.node.contributions.get(good.cid), undefined)
  assert.equal(grove.node.peers.record(victim.address).contradicted, 0)
})

test('a peer whose list has no direction is not blamed for a guessed one', async () => {
  const only = work('accuracy', { scores: { accuracy: { value: 0.7, direction: 'maximize' } } })
  const { cid, manifest } = only
  const entry = {
    cid,
    summary: manifest.summary,
    value: 0.7,
    kind: 'work',
    mode: 'evaluation',
    agentId: 'tester',
  }
  const lists = { byAdoption: [], byRecency: [], byReviewScore: [], byReproduction: [] }
  const bodies: Record<string, object> = {
    '/api/frontier': { byMetric: { accuracy: [entry] }, ...lists },
    [`/api/contributions/${cid}`]: { ...manifest, cid },
  }
  await using old = startPeer('old', {
    misbehave({ path }) {
      const body = bodies[path.split('?')[0] ?? '']
      return {
        status: body === undefined ? 404 : 200,
        headers: {},
        body: Buffer.from(JSON.stringify(body) ?? '404 Not Found'),
      }
    },
  })
  await using grove = testNode([old])

  const report = await grove.node.sync.round()

  assert.deepEqual(report.fetched, [cid])
  assert.equal(grove.node.peers.record(old.address).contradicted, 0)
})

test('only verified items are in the digest', async () => {
  await using grove = testNode([], off)
  const silent = { peerId: 'silent', address: 'http://127.0.0.1:9' }
  await hold(grove.node, good)
  say(grove, messageOf(silent, [advertisement(other, 0.01)]))
  await grove.node.start()

  const { frontier: digest } = say(grove, messageOf(silent, []))

  assert.deepEqual([...new Set(digest.map(({ cid }) => cid))], [good.cid])
  const { byMetric } = await frontier(grove.node, { limit: 10, metrics: 100 })
  assert.deepEqual(
    byMetric['loss']?.map(({ cid }) => cid),
    [good.cid],
  )
})

test('a date in the future gains nothing anywhere', async () => {
  const future = work('from the future', { createdAt: '2999-01-01T00:00:00.000Z' })
  await using peer = startPeer('peer', { contributions: [future] })
  await using grove = testNode([peer], off)
  const boaster = { peerId: 'boaster', address: peer.address }
  const recent = { metric: '_recency', direction: 'maximize' as const }
  await fetchRemoteContribution(grove.node, future.cid, { peer: peer.address })
  say(grove, messageOf(boaster, [advertisement(other, Date.parse('2999-01-01'), recent)]))
  await grove.node.start()
  const later = work('published after it', {
    createdAt: new Date(grove.node.clock.now() + 5).toISOString(),
  })
  await until('a later moment', () => grove.node.clock.now() > Date.parse(later.manifest.createdAt))
  await hold(grove.node, later)

  const listed = await bestList(grove.node, { dimension: '_recency', limit: 100 })
  const { byRecency } = await frontier(grove.node, { limit: 10, metrics: 100 })
  const digest = await until('the digest', () => {
    const entries = say(
      grove,
      messageOf({ peerId: 'p', address: 'http://127.0.0.1:9' }, []),
    ).frontier
    return entries.length === 2 && entries
  })
  const { entries: known } = await federatedFrontier(grove.node)

  assert.deepEqual(
    [listed.entries, byRecency, digest].map((entries) => entries.map(({ cid }) => cid)),
    Array(3).fill([later.cid, future.cid]),
  )
  const now = grove.node.clock.now()
  for (const { value } of [...listed.entries, ...byRecency, ...digest, ...known])
    assert.ok(value <= now)
})

test("a peer's counts change no rank here, and are not shown as ours", async () => {
  const inflated = { metric: '_adoption', direction: 'maximize' as const }
  const list = { dimension: '_adoption', direction: 'maximize', entries: [] as object[] }
  const entry = {
    cid: good.cid,
    value: 1e9,
    kind: 'work',
    tags: [],
    manifestBytes: 300,
    artifactBytes: 0,
  }
  list.entries.push(entry)
  const digest = [advertisement(good, 1e9, inflated)]
  await using boaster = startPeer('boaster', {
    contributions: [good],
    best: { _adoption: list },
    misbehave: gossiping('boaster', () => digest),
  })
  await using grove = testNode([boaster], gossips)
  const adopted = scored('adopted', 0.7)
  const adopter = work('adopter', {
    relations: [{ targetCid: adopted.cid, relationType: 'adopts' }],
  })
  for (const item of [good, adopted, adopter]) await hold(grove.node, item)

  await grove.node.start()
  await until('its advertisement', () => grove.node.gossip.advertisementsOf(good.cid).length > 0)
  await grove.node.sync.round()

  const { byAdoption } = await frontier(grove.node, { limit: 10, metrics: 100 })
  assert.deepEqual(
    byAdoption.map(({ cid, value }) => [cid, value]),
    [[adopted.cid, 1]],
  )
  const { entries } = await federatedFrontier(grove.node)
  const shown = entries.filter(({ metric }) => metric === '_adoption')
  assert.deepEqual(
    shown.map(({ cid, level }) => [cid, level]),
    [[adopted.cid, 'evidenced']],
  )
})

test('once the evidence is fetched, the counts are the same here as at the peer', async () => {
  const relation = (relationType: 'adopts' | 'reproduces' | 'reviews') => [
    { targetCid: good.cid, relationType },
  ]
  const evidence = [
    work('adopter', { kind: 'adoption', relations: relation('adopts') }),
    work('reproducer', { kind: 'reproduction', relations: relation('reproduces') }),
    work('reviewer', {
      kind: 'review',
      relations: relation('reviews'),
      scores: { quality: { value: 0.5, direction: 'maximize' } },
    }),
  ]
  await using peer = startPeer('peer', { contributions: [good, ...evidence] })
  await using there = testNode([], off)
  await using here = testNode([peer], off)
  for (const item of [good, ...evidence]) await hold(there.node, item)

  await fetchRemoteContribution(here.node, good.cid, { peer: peer.address })

  assert.deepEqual(
    await here.node.index.signals(good.cid),
    await there.node.index.signals(good.cid),
  )
  const { belief, beliefs } = await standingOf(here.node, good.cid)
  assert.equal(belief.level, 'evidenced')
  assert.deepEqual(Object.fromEntries(beliefs.map(({ metric, level }) => [metric, level])), {
    _recency: 'bound',
    loss: 'bound',
    _adoption: 'evidenced',
    _review_score: 'evidenced',
    _reproduction: 'evidenced',
  })
})
