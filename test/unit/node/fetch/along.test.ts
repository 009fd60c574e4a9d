import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBytes } from '../../../../src/core/cid.ts'
import { ALONG_HEADER, ALONG_LINES, artifactLine } from '../../../../src/core/wire/closure.ts'
import { fetchRemoteContribution } from '../../../../src/node/fetch/fetch.ts'
import { withAlong } from '../../../../src/node/serve/along.ts'
import { someBytes, work } from '../../../support/peer.ts'
import { virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode } = virtualWorld()

const note = someBytes(1_000, 1)
const parent = work('parent')
const item = work('item', {
  artifacts: { 'a.bin': hashBytes(note) },
  relations: [{ targetCid: parent.cid, relationType: 'derives_from' }],
})
const review = work('review', {
  kind: 'review',
  relations: [{ targetCid: item.cid, relationType: 'reviews' }],
})
const small = { contributions: [parent, item, review], blobs: [note], isAlong: true }
/** So that nobody is asked first whether it is there. */
const named = { peer: 'peer' }
const MANIFEST = `GET /api/gossip/contribution/${item.cid}`

test('a small contribution comes by one request, with all that belongs to it', async () => {
  await using peer = startPeer('peer', small)
  await using grove = testNode([peer])
  const { node } = grove
  const told: unknown[] = []
  node.events.observe((event) => {
    if (event.type === 'transfer') told.push([event.hash, event.receivedBytes, event.done])
  })

  const result = await fetchRemoteContribution(node, item.cid, named)

  assert.deepEqual(peer.requests, [MANIFEST])
  assert.deepEqual(told, [[hashBytes(note), note.byteLength, true]])
  assert.deepEqual(
    result.artifacts.map(({ state, sizeBytes }) => [state, sizeBytes]),
    [['fetched', note.byteLength]],
  )
  assert.deepEqual(result.missing, [])
  assert.deepEqual(result.ancestors, [parent.cid])
  const all = [parent, item, review].reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
  assert.deepEqual([result.bytesMoved, result.bytesVerified], Array(2).fill(all + note.byteLength))
  assert.deepEqual(await node.blobs.missing([hashBytes(note)]), [])
  assert.deepEqual(await node.contributions.missing([parent.cid, item.cid, review.cid]), [])
})

test('a peer that sends nothing along is asked for each', async () => {
  await using peer = startPeer('peer', { ...small, isAlong: false })
  await using grove = testNode([peer])

  const { missing } = await fetchRemoteContribution(grove.node, item.cid, named)

  assert.deepEqual(missing, [])
  assert.deepEqual(peer.requests.toSorted(), [
    `GET /api/blobs/${hashBytes(note)}`,
    MANIFEST,
    'POST /api/federation/closure',
  ])
})

test('callers that share a manifest share what came along, which counts once', async () => {
  await using peer = startPeer('peer', small)
  await using grove = testNode([peer])

  const results = await Promise.all([
    fetchRemoteContribution(grove.node, item.cid, named),
    fetchRemoteContribution(grove.node, item.cid, { ...named, timeoutMs: 5_000 }),
  ])

  assert.deepEqual(peer.requests, [MANIFEST])
  const all = [parent, item, review].reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
  const moved = results.reduce((sum, { bytesMoved }) => sum + bytesMoved, 0)
  assert.equal(moved, all + note.byteLength)
})

test('what is too large to come along is asked for by itself', async () => {
  const large = someBytes(20_000, 2)
  const other = work('large', { artifacts: { 'b.bin': hashBytes(large) } })
  await using peer = startPeer('peer', { contributions: [other], blobs: [large], isAlong: true })
  await using grove = testNode([peer])

  const { artifacts } = await fetchRemoteContribution(grove.node, other.cid, named)

  assert.equal(artifacts[0]?.state, 'fetched')
  assert.deepEqual(peer.requests, [
    `GET /api/gossip/contribution/${other.cid}`,
    `GET /api/blobs/${hashBytes(large)}`,
  ])
})

test('artifacts that are not wanted, or beyond the bounds of a fetch, do not come along', async () => {
  const asked: (string | undefined)[] = []
  await using peer = startPeer('peer', {
    ...small,
    misbehave: ({ path, headers }) => {
      if (path.includes('/contribution/')) asked.push(headers[ALONG_HEADER])
      return undefined
    },
  })
  for (const options of [{ artifacts: 'none' }, { maxBytes: 500 }, { quote: true }] as const) {
    await using grove = testNode([peer])
    const { artifacts } = await fetchRemoteContribution(grove.node, item.cid, {
      ...named,
      ...options,
    })
    assert.equal(artifacts[0]?.state, options.quote ? 'missing' : 'skipped')
  }

  assert.deepEqual(asked, ['ancestors=1;artifacts=0', 'ancestors=1;artifacts=500', undefined])
})

test('bytes along with a manifest that are none of its artifacts are their sender’s fault', async () => {
  const wrong = Buffer.concat([item.bytes, Buffer.from('\n'), artifactLine(note.subarray(1))])
  await using peer = startPeer('peer', {
    ...small,
    isAlong: false,
    misbehave: ({ path }) =>
      path.includes('/contribution/')
        ? {
            status: 200,
            headers: { 'grove-protocol': '1', [ALONG_HEADER]: ALONG_LINES },
            body: Buffer.concat([wrong, Buffer.from('\n')]),
          }
        : undefined,
  })
  await using grove = testNode([peer])

  const { artifacts } = await fetchRemoteContribution(grove.node, item.cid, named)

  assert.equal(artifacts[0]?.state, 'fetched', 'the right ones are asked for')
  assert.equal(peer.asked('/api/blobs/'), 1)
  assert.equal(grove.node.peers.record(peer.address).bytesBad, note.byteLength - 1)
})

test('of a contribution of many artifacts a hundred are looked for, whoever asks', async () => {
  const artifacts = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, n) => [`${n}.bin`, hashBytes(someBytes(8, n + 2))]),
  )
  const many = work('many', { artifacts })
  await using grove = testNode([])
  const { blobs } = grove.node
  const looked: string[] = []
  const stat = blobs.stat.bind(blobs)
  blobs.stat = (hash) => {
    looked.push(hash)
    return stat(hash)
  }
  await grove.node.contributions.put(many, { origin: 'peer', receivedAt: 1 })

  const asked = { ancestors: 0, artifactBytes: 1_000 }
  await withAlong(grove.node, many, asked, new AbortController().signal)

  assert.equal(looked.length, 100)
})
