import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  absentAnswer,
  bytesAnswer,
  type HttpAnswer,
  jsonAnswer,
} from '../../../../sim/network/http.ts'
import type { Cid } from '../../../../src/core/cid.ts'
import { PROVIDERS_MAX } from '../../../../src/core/limits.ts'
import { addressOf } from '../../../../src/core/peers/peer.ts'
import { defaultPolicy } from '../../../../src/core/policy.ts'
import { fetchRemoteContribution } from '../../../../src/node/fetch/fetch.ts'
import { type TestPeer, work } from '../../../support/peer.ts'
import { virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode, timeline, until } = virtualWorld()

const scored = (summary: string, value = 0.5) =>
  work(summary, { scores: { loss: { value, direction: 'minimize' } }, tags: ['lm'] })
const advertisementOf = (from: TestPeer, cid: Cid, value = 0.5) => ({
  from: addressOf(from),
  cid,
  metric: 'loss',
  direction: 'minimize' as const,
  value,
})
const entryOf = (cid: Cid, value: number, more: object = {}) => ({
  cid,
  value,
  kind: 'work',
  tags: ['lm'],
  manifestBytes: 300,
  artifactBytes: 0,
  ...more,
})
const listOf = (entries: object[]) => ({
  loss: { dimension: 'loss', direction: 'minimize', entries },
})
const absent = work('held by no peer')
const good = scored('good')

test('an item that no peer holds is sought once a back-off', async () => {
  await using started = new AsyncDisposableStack()
  const peers: TestPeer[] = []
  for (let n = 0; n < 12; n++) peers.push(started.use(startPeer(`peer-${n}`, {})))
  await using holder = startPeer('holder', { contributions: [good] })
  await using grove = testNode()
  const flood = () => {
    for (let n = 0; n < 600; n++)
      grove.node.sync.noteAdvertised([
        advertisementOf(peers[n % 12]!, absent.cid, 0.4 - n / 10_000),
      ])
  }
  const asked = () => peers.reduce((sum, peer) => sum + peer.asked('/api/gossip/contribution/'), 0)

  flood()
  await until('the search', () => asked() > 0)
  flood()
  grove.node.sync.noteAdvertised([advertisementOf(holder, good.cid)])

  await until('the item advertised after the second flood', () =>
    grove.node.contributions.get(good.cid),
  )
  await until('the end of the search', () => asked() === PROVIDERS_MAX)
  assert.ok(peers.every((peer) => peer.requests.length <= 1))
})

test('while an item is being fetched, advertisements of it start no other fetch', async () => {
  const waiting: ((answer: HttpAnswer) => void)[] = []
  await using slow = startPeer('slow', {
    misbehave: () => new Promise((resolve) => void waiting.push(resolve)),
  })
  await using holder = startPeer('holder', { contributions: [good] })
  await using grove = testNode()
  grove.node.sync.noteAdvertised([advertisementOf(slow, absent.cid)])
  await until('the request', () => waiting.length === 1)

  grove.node.sync.noteAdvertised([advertisementOf(slow, absent.cid, 0.3)])
  grove.node.sync.noteAdvertised([advertisementOf(holder, good.cid)])
  await until('a round beside it', () => grove.node.contributions.get(good.cid))

  assert.equal(slow.requests.length, 1)
  for (const answer of waiting) answer(absentAnswer())
})

test("failed requests for a peer's invented items are bounded in a round", async () => {
  const invented = Array.from({ length: 300 }, (_, n) =>
    entryOf(work(`invented ${n}`).cid, n / 1_000),
  )
  await using braggart = startPeer('braggart', { best: listOf(invented) })
  await using honest = startPeer('honest', {
    contributions: [good],
    best: listOf([entryOf(good.cid, 0.5)]),
  })
  await using grove = testNode([braggart, honest], { policy: { ...defaultPolicy, topK: 300 } })

  const report = await grove.node.sync.round()

  assert.ok(report.fetched.includes(good.cid))
  assert.ok(braggart.asked('/api/gossip/contribution/') <= 53)
  assert.equal(
    report.skipped.filter(({ reason }) => reason === 'peers-fail').length + report.failed.length,
    300,
  )
})

test('inventions of silent strangers hold up no news of a peer that kept its word', async () => {
  const news = scored('news', 0.1)
  await using started = new AsyncDisposableStack()
  const silent = async () => {
    await timeline.delay(14_000)
    return absentAnswer()
  }
  const strangers = Array.from({ length: 12 }, (_, n) =>
    started.use(startPeer(`stranger-${n}`, { misbehave: silent })),
  )
  await using honest = startPeer('honest', { contributions: [good, news] })
  await using grove = testNode()
  const held = (cid: Cid) => grove.node.contributions.get(cid)
  grove.node.sync.noteAdvertised([advertisementOf(honest, good.cid)])
  await until('an item of the honest peer', () => held(good.cid))

  for (let n = 0; n < 6; n++) {
    grove.node.sync.noteAdvertised(
      strangers.map((from) => advertisementOf(from, scored(`${n} of ${from.peerId}`).cid, 0.01)),
    )
    await timeline.delay(100)
  }
  const announcedAt = timeline.now
  grove.node.sync.noteAdvertised([advertisementOf(honest, news.cid, 0.1)])
  await until('the news', () => held(news.cid))

  assert.ok(timeline.now - announcedAt < 1_000, `${timeline.now - announcedAt} ms`)
})

test('all addresses of one host share one budget of failures, a small one at first', async () => {
  const invented = (n: number) =>
    listOf([0, 1, 2, 3].map((m) => entryOf(scored(`invented ${n} ${m}`).cid, m / 10)))
  const refuse = (path: string) =>
    path.includes('/api/gossip/contribution/')
      ? { status: 500, headers: {}, body: Buffer.from('no') }
      : undefined
  await using inventor = startPeer('inventor', {
    misbehave: ({ path }) => {
      const n = Number(/^\/p(\d)/.exec(path)?.[1])
      if (!path.startsWith(`/p${n}/api/federation/best`)) return refuse(path)
      return path.includes('dimension=loss') ? jsonAnswer(invented(n).loss) : undefined
    },
  })
  const addresses = [0, 1, 2].map((n) => ({
    peerId: `inventor-${n}`,
    address: `${inventor.address}/p${n}`,
  }))
  await using grove = testNode(addresses, {
    policy: { ...defaultPolicy, dimensions: ['loss'] },
  })

  await grove.node.sync.round()
  const first = inventor.asked('/api/gossip/contribution/')

  assert.ok(first > 0 && first <= 4, `${first} requests`)
})

for (const [what, manifest, policy, reason] of [
  ['kinds', { kind: 'discussion' as const, tags: ['lm'] }, { kinds: ['work' as const] }, 'kind'],
  ['tags', { tags: ['vision'] }, { tags: ['lm'] }, 'tags'],
] as const) {
  test(`a contribution with other ${what} than advertised is refused`, async () => {
    const item = work('disguised', {
      scores: { loss: { value: 0.5, direction: 'minimize' } },
      ...manifest,
      tags: [...manifest.tags],
    })
    await using peer = startPeer('peer', {
      contributions: [item],
      best: listOf([entryOf(item.cid, 0.5)]),
    })
    await using grove = testNode([peer], { policy: { ...defaultPolicy, ...policy } })

    const first = await grove.node.sync.round()
    const second = await grove.node.sync.round()

    assert.equal(await grove.node.contributions.count(), 0)
    for (const { skipped, failed } of [first, second])
      assert.deepEqual({ skipped, failed }, { skipped: [{ cid: item.cid, reason }], failed: [] })
    assert.equal(peer.asked('/api/gossip/contribution/'), 1)
    assert.deepEqual(
      grove.node.sync.refusals().map(({ cid, reason: why }) => [cid, why]),
      [[item.cid, reason]],
    )
    assert.equal(grove.node.peers.record(peer.address).contradicted, 0)
  })
}

test('a fetch on demand succeeds whatever the policy of background sync excludes', async () => {
  await using peer = startPeer('peer', { contributions: [good] })
  await using grove = testNode([peer], { policy: { ...defaultPolicy, kinds: ['review'] } })

  await fetchRemoteContribution(grove.node, good.cid, { peer: peer.address })

  assert.equal(await grove.node.contributions.count(), 1)
})

test('the unsolicited evidence from one peer is bounded in a round', async () => {
  const items = [scored('one', 0.1), scored('two', 0.2)]
  const reviews = items.flatMap(({ cid }) =>
    Array.from({ length: 700 }, (_, n) =>
      work(`fake ${n} of ${cid}`, {
        kind: 'review',
        relations: [{ targetCid: cid, relationType: 'reviews' }],
      }),
    ),
  )
  await using peer = startPeer('flooder', {
    contributions: [...items, ...reviews],
    best: listOf(items.map(({ cid }, n) => entryOf(cid, (n + 1) / 10))),
  })
  await using grove = testNode([peer])

  const report = await grove.node.sync.round()

  assert.equal(report.fetched.length, 2)
  assert.equal(await grove.node.contributions.count(), 1_002)
})

test('large evidence from one host is bounded by its bytes in a round, and the next goes on', async () => {
  const item = scored('one', 0.1)
  const reviews = Array.from({ length: 10 }, (_, n) =>
    work(`large ${n}`, {
      kind: 'review',
      context: { text: 'x'.repeat(900_000) },
      relations: [{ targetCid: item.cid, relationType: 'reviews' }],
    }),
  )
  await using peer = startPeer('flooder', {
    contributions: [item, ...reviews],
    best: listOf([entryOf(item.cid, 0.1)]),
  })
  await using grove = testNode([peer])
  const counts: number[] = []

  for (let times = 0; times < 3; times++) {
    await grove.node.sync.round()
    counts.push(await grove.node.contributions.count())
  }

  assert.deepEqual(counts, [1 + 4, 1 + 8, 1 + 10])
})

test('the evidence of one host takes nothing from the share of another', async () => {
  const about = (name: string) => {
    const item = scored(name)
    const relations = [{ targetCid: item.cid, relationType: 'reviews' as const }]
    const says = (n: number) =>
      work(`${n} of ${name}`, { kind: 'review', relations, agent: { agentId: `author ${n}` } })
    const entry = entryOf(item.cid, 0.5, { evidence: 'another mark' })
    return {
      item,
      contributions: [item, ...Array.from({ length: 600 }, (_, n) => says(n))],
      best: listOf([entry]),
    }
  }
  const [first, second] = [about('one'), about('other')]
  await using one = startPeer('one', first)
  await using other = startPeer('other', second)
  await using grove = testNode([one, other])
  for (const { item } of [first, second])
    await grove.node.contributions.put(item, { origin: 'local', receivedAt: 0 })

  await grove.node.sync.round()

  assert.equal(await grove.node.contributions.count(), 1_202)
})

test('of a thousand invented parents only a few become stubs', async () => {
  const relations = Array.from({ length: 1_000 }, (_, n) => ({
    targetCid: work(`never ${n}`).cid,
    relationType: 'derives_from' as const,
  }))
  const orphan = work('orphan', { relations })
  await using peer = startPeer('peer', { contributions: [orphan] })
  await using grove = testNode([peer])

  const { missing } = await fetchRemoteContribution(grove.node, orphan.cid, {
    peer: 'peer',
    timeoutMs: 60_000,
  })

  assert.equal(missing.length, 1_000)
  assert.equal((await grove.node.stubs.stubs(5_000)).length, 64)
})

test('a closure full of invalid records counts as a few faults, and stores nothing', async () => {
  const lines = Array.from({ length: 900 }, (_, n) => `{"rubbish":${n}}\n`).join('')
  await using peer = startPeer('peer', {
    contributions: [good],
    misbehave({ path }) {
      if (path !== '/api/federation/closure') return undefined
      const trailer = JSON.stringify({ trailer: { sent: 900, bytes: lines.length, missing: [] } })
      return bytesAnswer(Buffer.from(`${lines}${trailer}\n`))
    },
  })
  await using grove = testNode([peer])

  await fetchRemoteContribution(grove.node, good.cid, { peer: 'peer' })

  assert.equal(await grove.node.contributions.count(), 1)
  assert.ok(grove.node.peers.record(peer.address).failures <= 8)
})

test('what a peer sends again and again counts for it once', async () => {
  const review = work('review', {
    kind: 'review',
    relations: [{ targetCid: good.cid, relationType: 'reviews' }],
  })
  const line = `${Buffer.from(review.bytes)}\n`
  const bytesGoodAfter = async (times: number) => {
    const trailer = { sent: times, bytes: times * line.length, missing: [] }
    const body = Buffer.from(`${line.repeat(times)}${JSON.stringify({ trailer })}\n`)
    await using peer = startPeer(`peer-${times}`, {
      contributions: [good],
      misbehave: ({ path }) => (path === '/api/federation/closure' ? bytesAnswer(body) : undefined),
    })
    await using grove = testNode([peer])
    await fetchRemoteContribution(grove.node, good.cid, { peer: peer.peerId })
    assert.equal(await grove.node.contributions.count(), 2)
    return grove.node.peers.record(peer.address).bytesGood
  }

  assert.equal(await bytesGoodAfter(1_000), await bytesGoodAfter(1))
})

test('a round that has used up its bytes fetches no more', async () => {
  const items = [
    scored('one', 0.1),
    scored('two', 0.2),
    ...Array.from({ length: 8 }, (_, n) => scored(`${n}`, 0.3 + n)),
  ]
  await using peer = startPeer('peer', {
    contributions: items,
    best: listOf(items.map(({ cid, manifest }) => entryOf(cid, manifest.scores!['loss']!.value))),
  })
  await using grove = testNode([peer], { policy: { ...defaultPolicy, maxBytesPerRound: 500 } })

  const report = await grove.node.sync.round()

  assert.ok(report.fetched.length < items.length)
  assert.ok(report.skipped.some(({ reason }) => reason === 'budget'))
})
