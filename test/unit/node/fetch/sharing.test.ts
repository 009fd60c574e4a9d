import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBytes } from '../../../../src/core/cid.ts'
import { GroveError } from '../../../../src/core/errors.ts'
import { fetchRemoteContribution, fetchWanted } from '../../../../src/node/fetch/fetch.ts'
import { someBytes, type TestPeer, work } from '../../../support/peer.ts'
import { type Misbehave, virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode, timeline, until } = virtualWorld()
const bytes = someBytes(1_000, 1)
const item = work('item', { artifacts: { 'a.bin': hashBytes(bytes) } })
const whole = { contributions: [item], blobs: [bytes] }
const MANIFEST = `GET /api/gossip/contribution/${item.cid}`

/** Delays answers to requests with this in their path by a second. */
const late =
  (part: string): Misbehave =>
  ({ path }) =>
    path.includes(part) ? timeline.delay(1_000).then(() => undefined) : undefined
const lateManifest = { ...whole, misbehave: late('/contribution/') }
const terms = (peer: TestPeer, accept?: () => void) => ({
  providers: [peer],
  maxArtifactBytes: 10_000,
  takeEvidence: () => true,
  ...(accept === undefined ? {} : { accept }),
})
const refuse = (code: 'unwanted' | 'peer-fault') => () => {
  throw new GroveError(code)
}

test('three callers with different options share one request for the manifest', async () => {
  await using peer = startPeer('peer', whole)
  await using grove = testNode([peer])
  const { node } = grove

  const results = await Promise.all([
    fetchRemoteContribution(node, item.cid, { artifacts: 'none' }),
    fetchRemoteContribution(node, item.cid, { ancestors: 0, maxBytes: 5_000 }),
    fetchWanted(node, item.cid, { maxBytes: 4_000 }, terms(peer)),
  ])

  assert.equal(peer.asked(MANIFEST), 1)
  assert.deepEqual(
    results.map(({ artifacts, missing }) => [artifacts[0]?.state, missing]),
    [
      ['skipped', []],
      ['fetched', []],
      ['fetched', []],
    ],
  )
  const moved = results.reduce((sum, { bytesMoved }) => sum + bytesMoved, 0)
  assert.equal(moved, item.bytes.byteLength + bytes.byteLength)
})

test('a caller that comes while an artifact is fetched shares the manifest', async () => {
  await using peer = startPeer('peer', { ...whole, misbehave: late('/api/blobs/') })
  await using grove = testNode([peer])
  const first = fetchRemoteContribution(grove.node, item.cid)
  await until('the request for the artifact', () => peer.asked('/api/blobs/') === 1)

  await fetchRemoteContribution(grove.node, item.cid, { artifacts: 'none' })

  assert.equal(peer.asked(MANIFEST), 1)
  assert.deepEqual((await first).missing, [])
})

for (const code of ['unwanted', 'peer-fault'] as const) {
  test(`one caller's refusal (${code}) is not the others'`, async () => {
    await using peer = startPeer('peer', lateManifest)
    await using grove = testNode([peer])
    const { node } = grove

    const [first, second, third] = await Promise.allSettled([
      fetchWanted(node, item.cid, {}, terms(peer, refuse(code))),
      fetchRemoteContribution(node, item.cid, { artifacts: 'none' }),
      fetchWanted(node, item.cid, {}, terms(peer, refuse(code))),
    ])

    assert.deepEqual(
      [first, third].map((each) => each.status === 'rejected' && each.reason.code),
      [code, code],
    )
    assert.equal(second.status, 'fulfilled')
    assert.equal(peer.asked(MANIFEST), 1)
  })
}

test('a caller that refuses an item from one peer gets it from another', async () => {
  await using liar = startPeer('liar', lateManifest)
  await using honest = startPeer('honest', whole)
  await using grove = testNode([liar])
  const accept = (_: unknown, { peerId }: { peerId: string }) => {
    if (peerId === 'liar') throw new GroveError('peer-fault')
  }
  const first = fetchRemoteContribution(grove.node, item.cid, { peer: 'liar' })

  const { source } = await fetchWanted(
    grove.node,
    item.cid,
    {},
    { ...terms(liar), providers: [liar, honest], accept },
  )

  assert.equal(source.peerId, 'honest')
  assert.equal((await first).source.peerId, 'liar')
  assert.deepEqual([liar.asked(MANIFEST), honest.asked(MANIFEST)], [1, 1])
})

test('a first caller that leaves does not end the fetch for others', async () => {
  await using peer = startPeer('peer', lateManifest)
  await using grove = testNode([peer])
  const leaver = new AbortController()
  const { signal } = leaver
  const left = fetchRemoteContribution(grove.node, item.cid, { artifacts: 'none' }, { signal })
  const stayed = fetchRemoteContribution(grove.node, item.cid)
  await until('the request for the manifest', () => peer.asked(MANIFEST) === 1)

  leaver.abort()

  await assert.rejects(left, { code: 'aborted' })
  assert.deepEqual((await stayed).missing, [])
  assert.equal(peer.asked(MANIFEST), 1)
})

test('each caller keeps its own deadline', async () => {
  await using peer = startPeer('peer', lateManifest)
  await using grove = testNode([peer])
  const hasty = fetchRemoteContribution(grove.node, item.cid, { timeoutMs: 100 })
  const patient = fetchRemoteContribution(grove.node, item.cid, { timeoutMs: 5_000 })

  await assert.rejects(hasty, { code: 'fetch-timeout' })
  assert.deepEqual((await patient).missing, [])
  assert.equal(peer.asked(MANIFEST), 1)
})

test('who joins a fetch shortly before its deadline still has its own time', async () => {
  let stuck = true
  const misbehave: Misbehave = ({ path }) =>
    stuck && path.includes('/api/blobs/') ? timeline.delay(60_000).then(() => undefined) : undefined
  await using peer = startPeer('peer', { ...whole, misbehave })
  await using grove = testNode([peer])
  const options = { timeoutMs: 900 }
  const first = fetchRemoteContribution(grove.node, item.cid, options)
  await timeline.delay(700)
  const second = fetchRemoteContribution(grove.node, item.cid, options)
  stuck = false

  assert.deepEqual(
    (await first).missing.map(({ reason }) => reason),
    ['fetch-timeout'],
  )
  assert.deepEqual((await second).missing, [])
})

test('who joins a transfer is told of its progress too, by its own name of the artifact', async () => {
  const twin = work('twin', { artifacts: { 'b.bin': hashBytes(bytes) } })
  const both = { contributions: [item, twin], blobs: [bytes] }
  await using peer = startPeer('peer', { ...both, misbehave: late('/api/blobs/') })
  await using grove = testNode([peer])
  const told: (string | undefined)[][] = [[], [], []]
  const watch = (index: number) => ({
    onProgress: ({ name }: { name?: string }) => void told[index]?.push(name),
  })

  await Promise.all([
    fetchRemoteContribution(grove.node, item.cid, {}, watch(0)),
    fetchRemoteContribution(grove.node, item.cid, {}, watch(1)),
    fetchRemoteContribution(grove.node, twin.cid, {}, watch(2)),
  ])

  assert.deepEqual(
    told.map((names) => [...new Set(names)]),
    [['a.bin'], ['a.bin'], ['b.bin']],
  )
  assert.equal(peer.asked('/api/blobs/'), 1)
})

test('fetches with different options share the request for ancestors and evidence', async () => {
  const parent = work('parent')
  const child = work('child', {
    artifacts: { 'a.bin': hashBytes(bytes) },
    relations: [{ targetCid: parent.cid, relationType: 'derives_from' }],
  })
  const review = work('review', {
    kind: 'review',
    relations: [{ targetCid: child.cid, relationType: 'reviews' }],
  })
  await using peer = startPeer('peer', {
    contributions: [parent, child, review],
    blobs: [bytes],
    misbehave: late('/closure'),
  })
  await using grove = testNode([peer])
  const { node } = grove

  const results = await Promise.all([
    fetchRemoteContribution(node, child.cid, { artifacts: 'none' }),
    fetchRemoteContribution(node, child.cid, { timeoutMs: 9_000 }),
    fetchWanted(node, child.cid, {}, { ...terms(peer), takeEvidence: () => false }),
  ])

  assert.equal(peer.asked('/closure'), 1)
  assert.deepEqual(
    results.map(({ ancestors, missing }) => [ancestors, missing]),
    results.map(() => [[parent.cid], []]),
  )
  assert.deepEqual(await node.contributions.missing([review.cid]), [])
  const all = [parent, child, review].map((each) => each.bytes.byteLength)
  const moved = results.reduce((sum, { bytesMoved }) => sum + bytesMoved, 0)
  assert.equal(moved, all.reduce((sum, size) => sum + size, 0) + bytes.byteLength)
})

test('a caller that waited for a failed search asks its own peers', async () => {
  await using empty = startPeer('empty', { misbehave: late('/contribution/') })
  await using holder = startPeer('holder', whole)
  await using grove = testNode([empty, holder])

  const [first, second] = await Promise.allSettled([
    fetchRemoteContribution(grove.node, item.cid, { peer: 'empty' }),
    fetchRemoteContribution(grove.node, item.cid, { peer: 'holder' }),
  ])

  assert.equal(first.status === 'rejected' && first.reason.code, 'absent')
  assert.equal(second.status, 'fulfilled')
})

/** Never answers requests with this in their path while others could. */
const stuck =
  (part: string): Misbehave =>
  ({ path }) =>
    path.includes(part) ? timeline.delay(6_000).then(() => undefined) : undefined
const stuckManifest = { ...whole, misbehave: stuck('/contribution/') }

test('where a peer is slow to send a manifest, the next one is asked beside it', async () => {
  await using slow = startPeer('slow', stuckManifest)
  await using quick = startPeer('quick', whole)
  await using grove = testNode()
  const begun = timeline.now
  const where = { ...terms(slow), providers: [slow, quick] }

  const { source } = await fetchWanted(grove.node, item.cid, { ancestors: 0 }, where)

  assert.equal(source.peerId, 'quick')
  assert.ok(timeline.now - begun < 3_000)
  assert.equal(grove.node.peers.record(slow.address).failures, 0)
})

test('a slow peer that is the only one to have a manifest is waited for', async () => {
  await using slow = startPeer('slow', stuckManifest)
  await using empty = startPeer('empty', {})
  await using grove = testNode()
  const where = { ...terms(slow), providers: [slow, empty] }

  const { source } = await fetchWanted(grove.node, item.cid, {}, where)

  assert.deepEqual([source.peerId, slow.asked(MANIFEST)], ['slow', 1])
})

test('who lost to a quicker peer is asked last if that one is not accepted', async () => {
  await using slow = startPeer('slow', stuckManifest)
  await using quick = startPeer('quick', whole)
  await using empty = startPeer('empty', {})
  await using grove = testNode()
  const accept = (_: unknown, { peerId }: { peerId: string }) => {
    if (peerId === 'quick') throw new GroveError('peer-fault')
  }
  const where = { ...terms(slow), providers: [slow, quick, empty], accept }

  const { source } = await fetchWanted(grove.node, item.cid, { timeoutMs: 60_000 }, where)

  assert.deepEqual([source.peerId, slow.asked(MANIFEST), empty.asked(MANIFEST)], ['slow', 2, 1])
})

test('who names a peer does not wait for a search that is stuck elsewhere', async () => {
  await using slow = startPeer('slow', stuckManifest)
  await using quick = startPeer('quick', whole)
  await using grove = testNode([slow, quick])
  const begun = timeline.now
  const first = fetchWanted(grove.node, item.cid, { artifacts: 'none' }, terms(slow))

  const { source } = await fetchRemoteContribution(grove.node, item.cid, { peer: 'quick' })

  assert.equal(source.peerId, 'quick')
  assert.ok(timeline.now - begun < 3_000)
  assert.equal((await first).source.peerId, 'slow')
})

test('nothing is shared after a fetch has ended', async () => {
  const other = work('other')
  await using peer = startPeer('peer', { contributions: [item, other] })
  await using grove = testNode([peer])

  await fetchRemoteContribution(grove.node, item.cid)
  const refused = fetchWanted(grove.node, other.cid, {}, terms(peer, refuse('unwanted')))
  await assert.rejects(refused, { code: 'unwanted' })

  assert.equal(grove.node.manifests.has(item.cid), false)
  assert.equal(grove.node.manifests.has(other.cid), false)
})
