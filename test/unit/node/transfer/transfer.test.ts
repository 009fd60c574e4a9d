import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesAnswer, type HttpAnswer } from '../../../../sim/network/http.ts'
import { hashBytes } from '../../../../src/core/cid.ts'
import { TRANSFERS_MAX, TRANSFERS_MAX_PER_HOST } from '../../../../src/core/limits.ts'
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

  assert.equal(most(), TRANSFERS_MAX_PER_HOST)
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

  assert.equal(most(), TRANSFERS_MAX_PER_HOST)
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

const large = someBytes(480_000, 1)
const wantedLarge = { hash: hashBytes(large) }

/** Answers with the rest of a blob from where it is asked on. */
function fromOffset(
  bytes: Buffer,
  asked: string | undefined,
  body: (rest: Buffer) => AsyncIterable<Uint8Array>,
): HttpAnswer {
  const offset = Number(/^bytes=(\d+)-$/.exec(asked ?? '')?.[1] ?? 0)
  const rest = bytes.subarray(offset)
  const answer = { ...bytesAnswer(rest), body: body(rest) }
  if (offset === 0) return answer
  const range = `bytes ${offset}-${bytes.byteLength - 1}/${bytes.byteLength}`
  return { ...answer, status: 206, headers: { ...answer.headers, 'content-range': range } }
}

/** Sends the rest of the large blob from where it is asked on, and cuts after so many bytes. */
function cutAfter(cutBytes: number, bytes: Buffer = large): Misbehave {
  return ({ path, headers }) => {
    if (!path.startsWith('/api/blobs/')) return undefined
    async function* body(rest: Buffer) {
      const end = Math.min(rest.byteLength, cutBytes)
      for (let at = 0; at < end; at += 16_384) yield rest.subarray(at, Math.min(end, at + 16_384))
      if (end < rest.byteLength) throw Object.assign(new Error('cut'), { code: 'ECONNRESET' })
    }
    return fromOffset(bytes, headers['range'], body)
  }
}

test('a peer that cuts every connection is resumed as long as each brings something', async () => {
  await using peer = startPeer('peer', { blobs: [large], misbehave: cutAfter(100_000) })
  await using grove = testNode()
  const moved: number[] = []
  const onMoved = (bytes: number) => moved.push(bytes)

  await transferBlob(grove.node, wantedLarge, [peer], { signal, onMoved })

  assert.equal(peer.asked('/api/blobs/'), 5)
  assert.equal(
    moved.reduce((sum, bytes) => sum + bytes, 0),
    large.byteLength,
  )
  assert.equal(grove.node.peers.record(peer.address).failures, 0)
  assert.equal((await grove.node.blobs.stat(wantedLarge.hash))?.sizeBytes, large.byteLength)
})

test('a transfer that fails is gone on with by the next one, from another peer too', async () => {
  let isCut = true
  const misbehave: Misbehave = (request) => {
    if (!request.path.startsWith('/api/blobs/') || !isCut) return undefined
    return request.headers['range'] === undefined
      ? cutAfter(300_000)(request)
      : cutAfter(10)(request)
  }
  await using first = startPeer('first', { blobs: [large], misbehave })
  await using second = startPeer('second', { blobs: [large] })
  await using grove = testNode()

  await assert.rejects(transferBlob(grove.node, wantedLarge, [first], { signal }), {
    code: 'fetch-incomplete',
  })
  isCut = false
  const done = await transferBlob(grove.node, wantedLarge, [second], { signal })

  assert.ok(done.bytesMoved < 200_000, `${done.bytesMoved} bytes`)
  assert.deepEqual(second.requests, [`GET /api/blobs/${wantedLarge.hash}`])
})

test('wrong bytes in several answers convict nobody; in one answer they do', async () => {
  const wrong = Buffer.from(large)
  wrong[400_000] = (wrong[400_000] ?? 0) ^ 1
  let cuts = 2
  const misbehave: Misbehave = (request) =>
    cutAfter(cuts-- > 0 ? 100_000 : large.byteLength, wrong)(request)
  await using liar = startPeer('liar', { blobs: [large], misbehave })
  await using grove = testNode()

  await assert.rejects(transferBlob(grove.node, wantedLarge, [liar], { signal }), {
    code: 'fetch-bad-bytes',
  })

  const { bytesBad, bytesGood } = grove.node.peers.record(liar.address)
  assert.deepEqual([bytesBad, bytesGood], [large.byteLength, 0])
})

test('what one peer began wrong does not keep another from sending it right', async () => {
  const wrong = someBytes(600_000, 2)
  await using first = startPeer('first', { blobs: [large], misbehave: cutAfter(100_000, wrong) })
  await using grove = testNode()
  await assert.rejects(transferBlob(grove.node, wantedLarge, [first], { signal }))
  await using second = startPeer('second', { blobs: [large] })

  await transferBlob(grove.node, wantedLarge, [second], { signal })

  assert.equal(grove.node.peers.record(second.address).bytesBad, 0)
  assert.equal((await grove.node.blobs.stat(wantedLarge.hash))?.sizeBytes, large.byteLength)
})

/** Sends so many bytes of a blob each second, of whichever is asked for. */
const trickle =
  (bytesPerSecond: number): Misbehave =>
  ({ path, headers }) => {
    const blob = slowBlobs.find((bytes) => path.endsWith(hashBytes(bytes)))
    if (blob === undefined) return undefined
    async function* body(bytes: Buffer) {
      for (let at = 0; at < bytes.byteLength; at += bytesPerSecond) {
        yield bytes.subarray(at, at + bytesPerSecond)
        await timeline.delay(1_000)
      }
    }
    return fromOffset(blob, headers['range'], body)
  }
const slowBlobs = Array.from({ length: 16 }, (_, seed) => someBytes(600_000, 100 + seed))
const isUnasked = true

test('a host of many addresses that trickles leaves room for all others', async () => {
  await using slow = startPeer('slow', { misbehave: trickle(6_000) })
  await using honest = startPeer('honest', { blobs })
  await using grove = testNode()
  const ended = new AbortController()
  const trickling = slowBlobs.map((bytes, index) =>
    transferBlob(
      grove.node,
      { hash: hashBytes(bytes) },
      [{ peerId: `slow-${index}`, address: `${slow.address}/p${index % 6}` }],
      { signal: ended.signal, isUnasked },
    ),
  )
  await timeline.delay(1_000)
  const begun = timeline.now

  await Promise.all(
    blobs.slice(0, 6).map((bytes, index) =>
      transferBlob(grove.node, { hash: hashBytes(bytes) }, [honest], {
        signal,
        isUnasked: index > 2,
      }),
    ),
  )

  assert.ok(timeline.now - begun < 1_000, `${timeline.now - begun} ms`)
  ended.abort()
  await Promise.allSettled(trickling)
})

test('who trickles loses its place to who waits, is not blamed, and goes on later', async () => {
  const misbehave = trickle(12_000)
  const peers = [1, 2, 3, 4].map((n) => startPeer(`trickling-${n}`, { misbehave }))
  await using honest = startPeer('honest', { blobs: [large] })
  await using grove = testNode()
  const begun = timeline.now

  const trickling = slowBlobs.map((bytes, index) =>
    transferBlob(grove.node, { hash: hashBytes(bytes) }, [peers[index % 4]!], {
      signal,
      isUnasked,
    }),
  )
  await transferBlob(grove.node, wantedLarge, [honest], { signal, isUnasked })

  assert.ok(timeline.now - begun < 30_000, `${timeline.now - begun} ms`)
  await Promise.all(trickling)
  for (const { address } of peers) assert.equal(grove.node.peers.record(address).failures, 0)
})

test('a blob that somebody asks for is urgent from then on, though its transfer is not new', async () => {
  const misbehave = trickle(100_000)
  const peers = [1, 2, 3].map((n) => startPeer(`slow-${n}`, { misbehave }))
  await using honest = startPeer('honest', { blobs: [large] })
  await using grove = testNode()
  const filling = slowBlobs.slice(0, 12).map((bytes, index) =>
    transferBlob(grove.node, { hash: hashBytes(bytes) }, [peers[index % 3]!], {
      signal,
      isUnasked,
    }),
  )
  const waiting = transferBlob(grove.node, wantedLarge, [honest], { signal, isUnasked })
  await timeline.delay(1_000)
  assert.equal(honest.requests.length, 0)
  const asked = timeline.now

  await transferBlob(grove.node, wantedLarge, [honest], { signal })

  assert.ok(timeline.now - asked < 1_000, `${timeline.now - asked} ms`)
  await Promise.all([waiting, ...filling])
})

test('a provider that is silent at first is passed over, and is not blamed', async () => {
  const misbehave: Misbehave = async () => {
    await timeline.delay(14_000)
    return undefined
  }
  await using silent = startPeer('silent', { blobs, misbehave })
  await using holder = startPeer('holder', { blobs })
  await using grove = testNode()
  const begun = timeline.now
  const wanted = { hash: hashBytes(blobs[0]!) }

  await transferBlob(grove.node, wanted, [silent, holder], { signal })

  assert.ok(timeline.now - begun < 3_000, `${timeline.now - begun} ms`)
  assert.equal(grove.node.peers.record(silent.address).failures, 0)
})

test('a silent provider gets all its time once the others have failed', async () => {
  const misbehave: Misbehave = async () => {
    await timeline.delay(10_000)
    return undefined
  }
  await using silent = startPeer('silent', { blobs, misbehave })
  await using empty = startPeer('empty', {})
  await using grove = testNode()
  const wanted = { hash: hashBytes(blobs[0]!) }

  await transferBlob(grove.node, wanted, [silent, empty], { signal })

  assert.equal((await grove.node.blobs.stat(wanted.hash))?.sizeBytes, 500)
})
