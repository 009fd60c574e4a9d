import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { canonicalBytes } from '../../../src/core/canonical.ts'
import { type Cid, hashBytes } from '../../../src/core/cid.ts'
import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import type { ErrorCode } from '../../../src/core/errors.ts'
import { defaultPolicy } from '../../../src/core/policy.ts'
import { fetchRemoteContribution } from '../../../src/node/fetch/fetch.ts'
import type { GroveNode } from '../../../src/node/node.ts'
import { transferBlob } from '../../../src/node/transfer/transfer.ts'
import { withCode } from '../../support/errors.ts'
import { type Misbehave, someBytes, startPeer, work } from '../../support/peer.ts'
import { testNode } from '../../support/test-node.ts'
import { until } from '../../support/until.ts'

const blob = someBytes(300_000, 7)
const blobHash = hashBytes(blob)
const tuned = work('tuned', { artifacts: { 'model.bin': blobHash } })

const onPath =
  (
    text: string,
    answer: (response: ServerResponse, range: string | undefined) => void,
  ): Misbehave =>
  (request, response) => {
    if (request.url?.includes(text) !== true) return false
    answer(response, request.headers.range)
    return true
  }

/** A grove that fetches nothing by itself. */
const unasked = { policy: { ...defaultPolicy, scope: 'off' as const } }

async function assertEmpty(node: GroveNode, cid: Cid): Promise<void> {
  assert.equal(await node.contributions.count(), 0)
  assert.equal(await node.contributions.get(cid), undefined)
  assert.equal(await node.blobs.stat(blobHash), undefined)
}

/** Bytes with the right hash that are not a valid manifest. */
function forged(manifest: object): { cid: Cid; bytes: Uint8Array } {
  const bytes = canonicalBytes(manifest)
  return { cid: hashBytes(bytes), bytes }
}

const { manifest } = tuned
const notCanonical = Buffer.from(JSON.stringify(manifest, null, 1))
const refusedManifests: [string, ErrorCode, { cid: Cid; bytes: Uint8Array }][] = [
  ['whose hash is wrong', 'fetch-bad-bytes', { cid: tuned.cid, bytes: work('another').bytes }],
  [
    'whose bytes are not canonical',
    'manifest-not-canonical',
    { cid: hashBytes(notCanonical), bytes: notCanonical },
  ],
  [
    'that is too large',
    'manifest-too-large',
    forged({ ...manifest, context: { filling: 'x'.repeat(1_100_000) } }),
  ],
  ['with an unknown field', 'manifest-unknown-field', forged({ ...manifest, surprise: 1 })],
  [
    'with a bad artifact name',
    'manifest-invalid',
    forged({ ...manifest, artifacts: { '../escape': blobHash } }),
  ],
]

for (const [what, code, { cid, bytes }] of refusedManifests) {
  test(`a manifest ${what} is refused with ${code}, and nothing is stored`, async () => {
    const misbehave = onPath('/api/gossip/contribution/', (response) =>
      response.writeHead(200, { 'grove-protocol': '1' }).end(bytes),
    )
    await using peer = await startPeer('liar', { misbehave })
    await using grove = testNode()

    await assert.rejects(
      fetchRemoteContribution(grove.node, cid, { peer: peer.address }),
      withCode(code),
    )

    await assertEmpty(grove.node, cid)
    assert.equal(grove.node.peers.record(peer.address).failures, 1)
    assert.equal(grove.node.peers.record(peer.address).lastError?.code, code)
  })
}

const part = { 'grove-protocol': '1' }
const badBlobs: [string, (response: ServerResponse, range: string | undefined) => void][] = [
  [
    'with wrong bytes',
    (response) =>
      response
        .writeHead(200, { ...part, 'content-length': blob.byteLength })
        .end(someBytes(blob.byteLength, 8)),
  ],
  [
    'too short',
    (response) =>
      response.writeHead(200, { ...part, 'content-length': 1_000 }).end(blob.subarray(0, 1_000)),
  ],
  [
    'too long',
    (response) =>
      response
        .writeHead(200, { ...part, 'content-length': blob.byteLength + 5 })
        .end(Buffer.concat([blob, Buffer.from('extra')])),
  ],
  ['endless', (response) => endless(response.writeHead(200, part))],
  [
    'with a redirect',
    (response) => response.writeHead(302, { ...part, location: '/elsewhere' }).end(),
  ],
  [
    'with a length header that promises too much',
    (response) =>
      response.writeHead(200, { ...part, 'content-length': blob.byteLength + 1 }).end(blob),
  ],
  [
    'that is compressed',
    (response) =>
      response
        .writeHead(200, { ...part, 'content-encoding': 'gzip', 'content-length': 3 })
        .end('abc'),
  ],
  [
    'slow',
    (response) => drip(response.writeHead(200, { ...part, 'content-length': blob.byteLength })),
  ],
  [
    'that stands still',
    (response) =>
      void response
        .writeHead(200, { ...part, 'content-length': blob.byteLength })
        .write(blob.subarray(0, 10)),
  ],
]

for (const [what, answer] of badBlobs) {
  test(`a blob ${what} is refused and recorded, and another provider is tried`, async () => {
    await using bad = await startPeer('bad', {
      contributions: [tuned],
      blobs: [blob],
      misbehave: onPath('/api/blobs/', answer),
    })
    await using good = await startPeer('good', { contributions: [tuned], blobs: [blob] })
    await using grove = testNode([bad, good])

    const result = await fetchRemoteContribution(grove.node, tuned.cid, { peer: 'bad' })

    assert.deepEqual(result.missing, [])
    assert.equal(result.artifacts[0]?.state, 'fetched')
    assert.equal((await grove.node.blobs.stat(blobHash))?.sizeBytes, blob.byteLength)
    assert.ok(grove.node.peers.record(bad.address).failures > 0)
    assert.equal(grove.node.peers.record(good.address).failures, 0)
  })

  test(`a blob ${what} from the only provider leaves a partial contribution`, async () => {
    await using bad = await startPeer('bad', {
      contributions: [tuned],
      blobs: [blob],
      misbehave: onPath('/api/blobs/', answer),
    })
    await using grove = testNode()

    const result = await fetchRemoteContribution(grove.node, tuned.cid, { peer: bad.address })

    assert.deepEqual(
      result.missing.map((item) => 'hash' in item && item.hash),
      [blobHash],
    )
    assert.equal(result.artifacts[0]?.state, 'missing')
    assert.equal(await grove.node.blobs.stat(blobHash), undefined)
  })
}

test('wrong bytes count against the peer that sent them', async () => {
  const misbehave = onPath('/api/blobs/', (response) =>
    response.writeHead(200, { ...part, 'content-length': 4 }).end('lies'),
  )
  await using bad = await startPeer('bad', { contributions: [tuned], misbehave })
  await using grove = testNode()

  const result = await fetchRemoteContribution(grove.node, tuned.cid, { peer: bad.address })

  assert.deepEqual(result.missing, [{ hash: blobHash, reason: 'fetch-bad-bytes' }])
  assert.equal(grove.node.peers.record(bad.address).bytesBad, 4)
})

test('a blob whose peer dies in the middle is resumed from another peer', async () => {
  const ranges: (string | undefined)[] = []
  await using dying = await startPeer('dying', {
    contributions: [tuned],
    blobs: [blob],
    misbehave: onPath('/api/blobs/', dieAfter(100_000)),
  })
  const misbehave: Misbehave = (request) => {
    if (request.url?.includes('/api/blobs/') === true) ranges.push(request.headers.range)
    return false
  }
  await using heir = await startPeer('heir', { contributions: [tuned], blobs: [blob], misbehave })
  await using grove = testNode([dying, heir])

  const result = await fetchRemoteContribution(grove.node, tuned.cid, { peer: 'dying' })

  assert.deepEqual(result.missing, [])
  assert.match(ranges[0] ?? '', /^bytes=[1-9]\d*-$/)
  assert.equal((await grove.node.blobs.stat(blobHash))?.sizeBytes, blob.byteLength)
})

test('a blob whose only peer dies in the middle fails with fetch-incomplete', async () => {
  await using dying = await startPeer('dying', {
    contributions: [tuned],
    blobs: [blob],
    misbehave: onPath('/api/blobs/', dieAfter(100_000)),
  })
  await using grove = testNode()

  const result = await fetchRemoteContribution(grove.node, tuned.cid, { peer: dying.address })

  assert.deepEqual(result.missing, [{ hash: blobHash, reason: 'fetch-incomplete' }])
  assert.equal(await grove.node.blobs.stat(blobHash), undefined)
})

for (const [what, answer] of [
  [
    'answers 200 where a range was asked',
    (response: ServerResponse) =>
      response.writeHead(200, { ...part, 'content-length': blob.byteLength }).end(blob),
  ],
  [
    'answers another range than was asked',
    (response: ServerResponse) =>
      response
        .writeHead(206, {
          ...part,
          'content-length': 5,
          'content-range': `bytes 0-4/${blob.byteLength}`,
        })
        .end(blob.subarray(0, 5)),
  ],
] as const) {
  test(`a peer that ${what} is blamed, and the next one gives the rest`, async () => {
    await using dying = await startPeer('dying', {
      contributions: [tuned],
      blobs: [blob],
      misbehave: onPath('/api/blobs/', dieAfter(100_000)),
    })
    const misbehave: Misbehave = (request, response) =>
      request.headers.range !== undefined && onPath('/api/blobs/', answer)(request, response)
    await using rangeless = await startPeer('rangeless', {
      contributions: [tuned],
      blobs: [blob],
      misbehave,
    })
    await using good = await startPeer('good', { contributions: [tuned], blobs: [blob] })
    await using grove = testNode([dying, rangeless, good], unasked)
    for (const peer of [dying, rangeless, good]) advertise(grove.node, peer, tuned)

    const result = await fetchRemoteContribution(grove.node, tuned.cid, { peer: 'dying' })

    assert.deepEqual(result.missing, [])
    assert.equal((await grove.node.blobs.stat(blobHash))?.sizeBytes, blob.byteLength)
  })
}

test('a blob corrupted by one of two providers is fetched from each alone', async () => {
  const spoilt = Buffer.concat([someBytes(100_000, 9), blob.subarray(100_000)])
  const misbehave = onPath('/api/blobs/', (response) => {
    response.writeHead(200, { ...part, 'content-length': blob.byteLength })
    response.write(spoilt.subarray(0, 100_000), () => response.destroy())
  })
  await using spoiler = await startPeer('spoiler', { contributions: [tuned], misbehave })
  await using good = await startPeer('good', { contributions: [tuned], blobs: [blob] })
  await using grove = testNode([spoiler, good], unasked)
  for (const peer of [spoiler, good]) advertise(grove.node, peer, tuned)

  const result = await fetchRemoteContribution(grove.node, tuned.cid, { peer: 'spoiler' })

  assert.deepEqual(result.missing, [])
  assert.equal((await grove.node.blobs.stat(blobHash))?.sizeBytes, blob.byteLength)
  assert.equal(grove.node.peers.record(good.address).failures, 0)
  assert.ok(grove.node.peers.record(spoiler.address).failures > 0)
})

test('two concurrent fetches of a cid share one transfer', async () => {
  await using peer = await startPeer('peer', { contributions: [tuned], blobs: [blob] })
  await using grove = testNode()

  const results = await Promise.all([
    fetchRemoteContribution(grove.node, tuned.cid, { peer: peer.address }),
    fetchRemoteContribution(grove.node, tuned.cid, { peer: peer.address }),
    fetchRemoteContribution(grove.node, tuned.cid, { peer: peer.address, ancestors: 3 }),
  ])

  assert.ok(results.every((result) => result.missing.length === 0))
  assert.equal(peer.asked(`GET /api/blobs/${blobHash}`), 1)
})

test('a host of many addresses that trickles keeps nobody from an honest peer', async () => {
  const trickling = work('trickling', {
    artifacts: Object.fromEntries(
      Array.from({ length: 16 }, (_, n) => [`part-${n}`, hashBytes(someBytes(300_000, 50 + n))]),
    ),
  })
  let open = 0
  const misbehave = onPath('/api/blobs/', (response) => {
    open++
    response.writeHead(200, { ...part, 'content-length': 300_000 })
    const timer = setInterval(() => response.write(Buffer.alloc(2_000)), 20)
    response.on('close', () => clearInterval(timer))
  })
  await using slow = await startPeer('slow', { contributions: [trickling], misbehave })
  await using honest = await startPeer('honest', { contributions: [tuned], blobs: [blob] })
  await using grove = testNode([], unasked)
  const ended = new AbortController()
  const held = Object.entries(trickling.manifest.artifacts).map(([name, hash], n) =>
    transferBlob(
      grove.node,
      { hash, via: { cid: trickling.cid, name } },
      [{ peerId: `slow-${n % 6}`, address: `${slow.address}/p${n % 6}` }],
      { signal: ended.signal },
    ),
  )
  await until('the trickle', () => open >= 4)

  const result = await fetchRemoteContribution(grove.node, tuned.cid, {
    peer: honest.address,
    timeoutMs: 1_500,
  })

  assert.deepEqual(result.missing, [])
  assert.equal(open, 4)
  ended.abort()
  await Promise.allSettled(held)
})

test('unrelated contributions in a closure are not stored', async () => {
  const unrelated = work('unrelated')
  const misbehave = onPath('/api/federation/closure', (response) => {
    const trailer = JSON.stringify({
      trailer: { sent: 1, bytes: unrelated.bytes.byteLength, missing: [] },
    })
    response
      .writeHead(200, part)
      .end(Buffer.concat([unrelated.bytes, Buffer.from(`\n${trailer}\n`)]))
  })
  await using peer = await startPeer('smuggler', {
    contributions: [tuned],
    blobs: [blob],
    misbehave,
  })
  await using grove = testNode()

  await fetchRemoteContribution(grove.node, tuned.cid, { peer: peer.address })

  assert.equal(await grove.node.contributions.count(), 1)
  assert.equal(grove.node.peers.record(peer.address).lastError?.code, 'peer-fault')
})

test('a closure without its trailer leaves its ancestors as stubs', async () => {
  const parent = work('parent')
  const child = work('child', {
    relations: [{ targetCid: parent.cid, relationType: 'derives_from' }],
  })
  const misbehave = onPath('/api/federation/closure', (response) =>
    response.writeHead(200, part).end(),
  )
  await using peer = await startPeer('peer', { contributions: [parent, child], misbehave })
  await using grove = testNode()

  const result = await fetchRemoteContribution(grove.node, child.cid, { peer: peer.address })

  assert.deepEqual(result.missing, [{ cid: parent.cid, reason: 'peer-fault' }])
  assert.deepEqual(
    (await grove.node.stubs.stubs(10)).map((stub) => stub.cid),
    [parent.cid],
  )
})

function advertise(
  node: GroveNode,
  peer: { peerId: string; address: string },
  { cid }: Contribution,
): void {
  const entry = { metric: 'val', value: 1, cid, direction: 'maximize' } as const
  const message = {
    peerId: peer.peerId,
    address: peer.address,
    frontier: [entry],
    load: { queueDepth: 0 },
    capabilities: { federation: 1 },
    timestamp: new Date(node.clock.now()).toISOString(),
  }
  node.tell({ type: 'exchange-answered', peer, message })
}

function dieAfter(bytes: number): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(200, { ...part, 'content-length': blob.byteLength })
    response.write(blob.subarray(0, bytes), () => response.destroy())
  }
}

function endless(response: ServerResponse): void {
  const more = () => {
    while (!response.destroyed && response.write(blob));
    if (!response.destroyed) response.once('drain', more)
  }
  more()
}

function drip(response: ServerResponse): void {
  let at = 0
  const timer = setInterval(() => {
    if (response.destroyed || at >= blob.byteLength) return clearInterval(timer)
    response.write(blob.subarray(at, ++at))
  }, 20)
}
