import assert from 'node:assert/strict'
import { test } from 'node:test'
import { never } from '../../../../sim/engine/process.ts'
import { type Cid, hashBytes } from '../../../../src/core/cid.ts'
import type { Contribution } from '../../../../src/core/contribution/contribution.ts'
import { isGroveError } from '../../../../src/core/errors.ts'
import { fetchResultSchema } from '../../../../src/core/wire/fetch.ts'
import { fetchRemoteContribution } from '../../../../src/node/fetch/fetch.ts'
import { someBytes, work } from '../../../support/peer.ts'
import { type Misbehave, virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode } = virtualWorld()

const [small, large] = [someBytes(1_000, 1), someBytes(50_000, 2)]
const derivedFrom = (parent: Contribution, summary: string) =>
  work(summary, { relations: [{ targetCid: parent.cid, relationType: 'derives_from' }] })
const grandparent = work('grandparent')
const parent = derivedFrom(grandparent, 'parent')
const child = work('child', {
  artifacts: {
    'a/small.bin': hashBytes(small),
    'large.bin': hashBytes(large),
    'twice.bin': hashBytes(small),
  },
  relations: [{ targetCid: parent.cid, relationType: 'derives_from' }],
})
const review = work('review', {
  kind: 'review',
  relations: [{ targetCid: child.cid, relationType: 'reviews' }],
})
const whole = { contributions: [grandparent, parent, child, review], blobs: [small, large] }

test('a fetch brings the manifest, artifacts, parent and evidence, all verified', async () => {
  await using peer = startPeer('peer', whole)
  await using grove = testNode()

  const result = await fetchRemoteContribution(grove.node, child.cid, { peer: peer.address })

  fetchResultSchema.parse(result)
  assert.deepEqual(
    result.artifacts.map(({ name, state, sizeBytes }) => [name, state, sizeBytes]),
    [
      ['a/small.bin', 'fetched', 1_000],
      ['large.bin', 'fetched', 50_000],
      ['twice.bin', 'fetched', 1_000],
    ],
  )
  assert.deepEqual(result.ancestors, [parent.cid])
  assert.deepEqual(await grove.node.contributions.missing([child.cid, parent.cid, review.cid]), [])
  assert.equal(result.bytesVerified, result.bytesMoved)
  assert.equal(peer.asked(`GET /api/blobs/${hashBytes(small)}`), 1)
})

test('a fetch says that the peer has more evidence than one answer holds', async () => {
  const reviews = Array.from({ length: 1_001 }, (_, n) =>
    work(`review ${n}`, {
      kind: 'review',
      relations: [{ targetCid: child.cid, relationType: 'reviews' }],
    }),
  )
  await using peer = startPeer('peer', { contributions: [child, ...reviews] })
  await using grove = testNode()
  const fetch = (cid: Cid) =>
    fetchRemoteContribution(grove.node, cid, { peer: peer.address, artifacts: 'none' })

  assert.equal((await fetch(child.cid)).moreEvidence, true)
  assert.equal((await fetch(reviews[0]!.cid)).moreEvidence, undefined)
})

test('a fetched contribution is stored with the peer that it came from', async () => {
  await using peer = startPeer('peer', whole)
  await using grove = testNode([peer])

  await fetchRemoteContribution(grove.node, child.cid, { peer: 'peer' })

  const { origin, peerId, address } = (await grove.node.contributions.get(child.cid))!.provenance
  assert.deepEqual(
    { origin, peerId, address },
    { origin: 'peer', peerId: 'peer', address: peer.address },
  )
})

test('a fetch of a complete contribution asks no peer', async () => {
  await using peer = startPeer('peer', whole)
  await using grove = testNode()
  await fetchRemoteContribution(grove.node, child.cid, { peer: peer.address })
  const before = peer.requests.length

  const again = await fetchRemoteContribution(grove.node, child.cid, { peer: peer.address })

  assert.equal(peer.requests.length, before)
  assert.deepEqual(again.source, { local: true })
  assert.deepEqual(
    again.artifacts.map(({ state }) => state),
    ['here', 'here', 'here'],
  )
  assert.deepEqual(again.missing, [])
})

test('ancestors are fetched to the requested depth', async () => {
  await using peer = startPeer('peer', whole)
  await using grove = testNode()

  const result = await fetchRemoteContribution(grove.node, child.cid, {
    peer: peer.address,
    ancestors: 2,
  })

  assert.deepEqual(result.ancestors, [parent.cid, grandparent.cid])
  assert.deepEqual(result.missing, [])
})

test('an ancestor that no peer has becomes a stub, and is listed as missing', async () => {
  await using peer = startPeer('peer', { ...whole, contributions: [child, parent] })
  await using grove = testNode([peer])

  const result = await fetchRemoteContribution(grove.node, child.cid, {
    peer: 'peer',
    ancestors: 2,
  })

  assert.deepEqual(result.missing, [{ cid: grandparent.cid, reason: 'absent' }])
  assert.deepEqual(
    (await grove.node.stubs.stubs(10)).map(({ cid, promisedBy }) => ({ cid, promisedBy })),
    [{ cid: grandparent.cid, promisedBy: ['peer'] }],
  )
})

test('a quote gives sizes and what is missing, moves no artifact and stores nothing', async () => {
  await using peer = startPeer('peer', whole)
  await using grove = testNode()

  const result = await fetchRemoteContribution(grove.node, child.cid, {
    peer: peer.address,
    quote: true,
  })

  assert.deepEqual(
    result.artifacts.map(({ sizeBytes }) => sizeBytes),
    [1_000, 50_000, 1_000],
  )
  assert.equal(result.missing.length, 3)
  assert.equal(await grove.node.contributions.count(), 0)
  assert.equal(peer.asked('GET /api/blobs'), 0)
})

test('a contribution without its artifacts is partial until it is completed', async () => {
  await using peer = startPeer('peer', whole)
  await using grove = testNode()
  const partial = await fetchRemoteContribution(grove.node, child.cid, {
    peer: peer.address,
    artifacts: 'none',
  })
  assert.deepEqual(partial.missing, [])
  assert.deepEqual(new Set(partial.artifacts.map(({ state }) => state)), new Set(['skipped']))

  await fetchRemoteContribution(grove.node, child.cid, { artifacts: ['large.bin'] })
  await fetchRemoteContribution(grove.node, child.cid)

  assert.deepEqual(await grove.node.blobs.missing(Object.values(child.manifest.artifacts)), [])
})

test('only the named artifacts are fetched', async () => {
  await using peer = startPeer('peer', whole)
  await using grove = testNode()

  const result = await fetchRemoteContribution(grove.node, child.cid, {
    peer: peer.address,
    artifacts: ['large.bin'],
  })

  assert.deepEqual(
    result.artifacts.map(({ state }) => state),
    ['skipped', 'fetched', 'skipped'],
  )
  assert.deepEqual(result.missing, [])
})

test('an unknown artifact name is not found', async () => {
  await using peer = startPeer('peer', whole)
  await using grove = testNode()

  await assert.rejects(
    fetchRemoteContribution(grove.node, child.cid, { peer: peer.address, artifacts: ['nope'] }),
    {
      code: 'not-found',
    },
  )

  assert.equal(await grove.node.contributions.count(), 0)
})

test('artifacts beyond the budget are left, and listed as missing', async () => {
  await using peer = startPeer('peer', whole)
  await using grove = testNode()

  const result = await fetchRemoteContribution(grove.node, child.cid, {
    peer: peer.address,
    maxBytes: 20_000,
  })

  assert.deepEqual(
    result.artifacts.map(({ state }) => state),
    ['fetched', 'skipped', 'fetched'],
  )
  assert.deepEqual(result.missing, [{ hash: hashBytes(large), reason: 'too-large' }])
})

test('without a given peer, a live one that holds the item is found', async () => {
  await using empty = startPeer('empty', {})
  await using holder = startPeer('holder', whole)
  await using grove = testNode([empty, holder])

  const result = await fetchRemoteContribution(grove.node, child.cid)

  assert.equal(result.source.peerId, 'holder')
})

test('what answers otherwise than a grove is not said to lack something', async () => {
  const misbehave = () => ({ status: 404, headers: {}, body: Buffer.from('404 Not Found') })
  await using peer = startPeer('peer', { misbehave })
  await using grove = testNode()

  await assert.rejects(fetchRemoteContribution(grove.node, child.cid, { peer: peer.address }), {
    code: 'absent',
    message: `no grove answers at ${peer.address}, so nobody was asked for ${child.cid}`,
  })
})

test('a peer that answered absent is not asked again for a while, unless it is named', async () => {
  await using empty = startPeer('empty', {})
  await using grove = testNode([empty])
  await assert.rejects(fetchRemoteContribution(grove.node, child.cid), { code: 'absent' })
  const before = empty.requests.length

  await assert.rejects(fetchRemoteContribution(grove.node, child.cid), {
    code: 'absent',
    message: `no peer has ${child.cid}: asked ${empty.address}`,
  })
  assert.equal(empty.requests.length, before)
  await assert.rejects(fetchRemoteContribution(grove.node, child.cid, { peer: 'empty' }), {
    code: 'absent',
  })

  assert.ok(empty.requests.length > before)
})

test('the error lists the peers that were asked, with the answer of each', async () => {
  await using empty = startPeer('empty', {})
  await using grove = testNode()

  const asked = fetchRemoteContribution(grove.node, child.cid, { peer: empty.address })

  await assert.rejects(
    asked,
    (error: { details: { peersAsked: { address: string; code: string }[] } }) => {
      assert.deepEqual(
        error.details.peersAsked.map(({ address, code }) => ({ address, code })),
        [{ address: empty.address, code: 'absent' }],
      )
      return true
    },
  )
})

test('without peers to ask, an item is absent', async () => {
  await using grove = testNode()

  await assert.rejects(fetchRemoteContribution(grove.node, child.cid), { code: 'absent' })
})

test('an unknown peer id is not found', async () => {
  await using grove = testNode()

  await assert.rejects(fetchRemoteContribution(grove.node, child.cid, { peer: 'nobody' }), {
    code: 'not-found',
  })
})

const mute: Misbehave = () => never()

test('a fetch that takes too long ends with fetch-timeout', async () => {
  await using peer = startPeer('mute', { misbehave: mute })
  await using grove = testNode()

  await assert.rejects(
    fetchRemoteContribution(grove.node, child.cid, { peer: peer.address, timeoutMs: 50 }),
    {
      code: 'fetch-timeout',
    },
  )
})

test('artifacts that take too long are missing, and those that came in time are kept', async () => {
  const misbehave: Misbehave = ({ path }) => (path.includes('/api/blobs/') ? never() : undefined)
  await using peer = startPeer('peer', { ...whole, misbehave })
  await using grove = testNode()

  const result = await fetchRemoteContribution(grove.node, child.cid, {
    peer: peer.address,
    timeoutMs: 300,
  })

  assert.deepEqual(new Set(result.missing.map(({ reason }) => reason)), new Set(['fetch-timeout']))
  assert.deepEqual(await grove.node.contributions.missing([child.cid]), [])
})

test('a caller that aborts gets its own reason, and nothing is stored', async () => {
  const misbehave: Misbehave = ({ path }) => (path.includes('/api/blobs/') ? never() : undefined)
  await using peer = startPeer('peer', { ...whole, misbehave })
  await using grove = testNode()
  const controller = new AbortController()

  const asked = fetchRemoteContribution(
    grove.node,
    child.cid,
    { peer: peer.address },
    { signal: controller.signal },
  )
  controller.abort()

  await assert.rejects(asked, { code: 'aborted' })
  assert.equal(await grove.node.contributions.count(), 0)
})

test('progress is reported for each artifact, to its end', async () => {
  await using peer = startPeer('peer', whole)
  await using grove = testNode()
  const ends = new Map<string, number>()

  await fetchRemoteContribution(
    grove.node,
    child.cid,
    { peer: peer.address },
    { onProgress: ({ hash, receivedBytes }) => ends.set(hash, receivedBytes) },
  )

  assert.deepEqual(
    ends,
    new Map([
      [hashBytes(small), 1_000],
      [hashBytes(large), 50_000],
    ]),
  )
})

test('where the peers that are known do not answer, a fetch says so, not that there are none', async ({
  mock,
}) => {
  await using grove = testNode()
  const nobody = fetchRemoteContribution(grove.node, child.cid, {})
  await assert.rejects(nobody, /no peer to ask for/)
  const address = 'http://10.0.0.5:4515'
  const silent = { peerId: 'p', address, age: 1, lastSeen: '', status: 'failed' as const }
  mock.method(grove.node.gossip, 'peers', () => [silent])

  await assert.rejects(fetchRemoteContribution(grove.node, child.cid, {}), (error) => {
    assert.ok(isGroveError(error, 'peer-unreachable'))
    assert.match(error.message, /no peer answers.*http:\/\/10\.0\.0\.5:4515/)
    return true
  })
})
