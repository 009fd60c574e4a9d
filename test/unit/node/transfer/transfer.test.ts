import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesAnswer } from '../../../../sim/network/http.ts'
import { hashBytes } from '../../../../src/core/cid.ts'
import { TRANSFERS_MAX, TRANSFERS_MAX_PER_PEER } from '../../../../src/core/limits.ts'
import { transferBlob } from '../../../../src/node/transfer/transfer.ts'
import { someBytes, type TestPeer } from '../../../support/peer.ts'
import { type Misbehave, virtualWorld } from '../../../support/world.ts'

const { startPeer, testNode, timeline } = virtualWorld()

const blobs = Array.from({ length: 40 }, (_, seed) => someBytes(500, seed + 1))
const signal = new AbortController().signal

/** Delays answers to blob requests, and counts how many were open at once. */
function gate() {
  let open = 0
  let most = 0
  const misbehave: Misbehave = async ({ path }) => {
    open += 1
    most = Math.max(most, open)
    await timeline.delay(30)
    open -= 1
    return bytesAnswer(blobs.find((blob) => path.endsWith(hashBytes(blob)))!)
  }
  return { misbehave, most: () => most }
}

test('concurrent transfers from one peer are bounded', async () => {
  const { misbehave, most } = gate()
  await using peer = startPeer('peer', { misbehave })
  await using grove = testNode()

  await Promise.all(
    blobs.map((bytes) => transferBlob(grove.node, { hash: hashBytes(bytes) }, [peer], { signal })),
  )

  assert.equal(most(), TRANSFERS_MAX_PER_PEER)
})

test('a peer with many names gets no more concurrent transfers', async () => {
  const { misbehave, most } = gate()
  await using peer = startPeer('peer', { misbehave })
  await using grove = testNode()

  await Promise.all(
    blobs.map((bytes, index) =>
      transferBlob(
        grove.node,
        { hash: hashBytes(bytes) },
        [{ peerId: `name ${index}`, address: peer.address }],
        {
          signal,
        },
      ),
    ),
  )

  assert.equal(most(), TRANSFERS_MAX_PER_PEER)
})

test('concurrent transfers from all peers are bounded', async () => {
  const { misbehave, most } = gate()
  const peers: TestPeer[] = []
  for (let index = 0; index < 8; index++) peers.push(startPeer(`peer-${index}`, { misbehave }))
  await using grove = testNode()

  await Promise.all(
    blobs.map((bytes, index) =>
      transferBlob(grove.node, { hash: hashBytes(bytes) }, [peers[index % 8]!], { signal }),
    ),
  )

  assert.equal(most(), TRANSFERS_MAX)
  for (const peer of peers) await peer[Symbol.asyncDispose]()
})

test('a caller that joins a transfer requests nothing itself', async () => {
  await using peer = startPeer('peer', { blobs })
  await using grove = testNode()
  const wanted = { hash: hashBytes(blobs[0]!) }

  const done = await Promise.all(
    [1, 2].map(() => transferBlob(grove.node, wanted, [peer], { signal })),
  )

  assert.deepEqual(
    done.map(({ bytesMoved }) => bytesMoved),
    [500, 0],
  )
})

test('a caller that joined a failed transfer tries its own providers', async () => {
  await using empty = startPeer('empty', {})
  await using holder = startPeer('holder', { blobs })
  await using grove = testNode()
  const wanted = { hash: hashBytes(blobs[0]!) }

  const [first, second] = await Promise.allSettled([
    transferBlob(grove.node, wanted, [empty], { signal }),
    transferBlob(grove.node, wanted, [holder], { signal }),
  ])

  assert.equal(first?.status, 'rejected')
  assert.equal(second?.status, 'fulfilled')
})

test('a blob that is too large is refused before its body is read', async () => {
  await using peer = startPeer('peer', { blobs })
  await using grove = testNode()

  await assert.rejects(
    transferBlob(grove.node, { hash: hashBytes(blobs[0]!), maxBytes: 499 }, [peer], { signal }),
    {
      code: 'too-large',
    },
  )

  assert.equal(grove.node.peers.record(peer.address).failures, 0)
})

test('an empty blob can be fetched', async () => {
  await using peer = startPeer('peer', { blobs: [Buffer.alloc(0)] })
  await using grove = testNode()

  await transferBlob(grove.node, { hash: hashBytes(Buffer.alloc(0)) }, [peer], { signal })

  assert.equal((await grove.node.blobs.stat(hashBytes(Buffer.alloc(0))))?.sizeBytes, 0)
})
