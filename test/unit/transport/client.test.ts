import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { queryObjects } from 'node:v8'
import { Pool } from 'undici'
import { hashBytes } from '../../../src/core/cid.ts'
import { GroveError, isGroveError } from '../../../src/core/errors.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { httpTransport } from '../../../src/transport/client.ts'
import { transportError } from '../../../src/transport/faults.ts'
import { withCode } from '../../support/errors.ts'
import { messageOf } from '../../support/gossip.ts'
import {
  collect,
  type Misbehave,
  sendAbsent,
  sendJson,
  startPeer,
  work,
} from '../../support/peer.ts'
import { until } from '../../support/until.ts'

const item = work('item')
const greeting = messageOf({ peerId: 'me', address: 'http://me.invalid' }, [])
const ours = { 'grove-protocol': '1' }

const always =
  (answer: (response: ServerResponse) => void): Misbehave =>
  (_, response) => {
    answer(response)
    return true
  }

function impatient(allowPrivate = true): Transport & AsyncDisposable {
  const transport = httpTransport({
    allowPrivate,
    clock: systemClock,
    connectTimeoutMs: 500,
    headersTimeoutMs: 300,
    idleTimeoutMs: 300,
    minimumRate: { bytesPerSecond: 10_000, windowMs: 100 },
  })
  return { ...transport, [Symbol.asyncDispose]: () => transport.close() }
}

for (const [status, code] of [
  [403, 'refused'],
  [401, 'refused'],
  [404, 'absent'],
  [410, 'gone'],
  [413, 'too-large'],
  [429, 'busy'],
  [502, 'peer-unreachable'],
  [503, 'busy'],
  [504, 'peer-unreachable'],
  [500, 'peer-fault'],
  [301, 'peer-fault'],
  [307, 'peer-fault'],
] as const) {
  test(`a peer's ${status} means ${code}`, async () => {
    await using peer = await startPeer('peer', {
      misbehave: always((response) =>
        response.writeHead(status, { ...ours, location: 'http://127.0.0.1:1/' }).end(),
      ),
    })
    await using transport = impatient()

    await assert.rejects(transport.manifest(peer, item.cid), { code })
  })
}

test('JSON of too many members is refused unparsed', async () => {
  const unparsable = `{"byMetric":{${'"m":[],'.repeat(131_073)}`
  await using peer = await startPeer('peer', {
    misbehave: always((response) =>
      response.writeHead(200, { ...ours, 'content-type': 'application/json' }).end(unparsable),
    ),
  })
  await using transport = impatient()

  await assert.rejects(transport.metrics(peer, {}), withCode('peer-fault', '131072 entries'))
})

test('a redirect is not followed', async () => {
  await using target = await startPeer('target', { contributions: [item] })
  const misbehave: Misbehave = (request, response) => {
    response.writeHead(302, { ...ours, location: `${target.address}${request.url}` }).end()
    return true
  }
  await using peer = await startPeer('peer', { misbehave })
  await using transport = impatient()

  await assert.rejects(transport.manifest(peer, item.cid), { code: 'peer-fault' })

  assert.deepEqual(target.requests, [])
})

test('a loopback peer is not dialled unless private peers are allowed', async () => {
  await using peer = await startPeer('peer', { contributions: [item] })
  await using transport = impatient(false)

  await assert.rejects(transport.manifest(peer, item.cid), { code: 'address-refused' })
  await assert.rejects(
    transport.manifest(
      { ...peer, address: peer.address.replace('127.0.0.1', 'localhost') },
      item.cid,
    ),
    { code: 'address-refused' },
  )

  assert.deepEqual(peer.requests, [])
})

test('a peer is unreachable if nothing listens at its address', async () => {
  const peer = await startPeer('gone', {})
  await peer[Symbol.asyncDispose]()
  await using transport = impatient()

  await assert.rejects(transport.manifest(peer, item.cid), { code: 'peer-unreachable' })
})

test('a peer that takes the request and does not answer is too slow', async () => {
  await using peer = await startPeer('mute', { misbehave: () => true })
  await using transport = impatient()

  await assert.rejects(transport.manifest(peer, item.cid), { code: 'peer-too-slow' })
})

test('a peer that does not speak HTTP is blamed', async () => {
  const server = createServer((socket) =>
    socket
      .on('error', () => {})
      .resume()
      .end('SSH-2.0-OpenSSH_9.6\r\n'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await using transport = impatient()

  await assert.rejects(
    transport.manifest(
      { peerId: 'ssh', address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
      item.cid,
    ),
    { code: 'peer-fault' },
  )

  await new Promise((resolve) => server.close(resolve))
})

test('a caller that aborts gets its own reason', async () => {
  await using peer = await startPeer('mute', { misbehave: () => true })
  await using transport = impatient()
  const controller = new AbortController()
  const reason = new GroveError('fetch-timeout', {})

  const asked = transport.manifest(peer, item.cid, { signal: controller.signal })
  controller.abort(reason)

  await assert.rejects(asked, reason)
})

test('a gossip answer beyond 64 KiB is refused', async () => {
  await using peer = await startPeer('talker', {
    misbehave: always((response) => sendJson(response, { filling: 'x'.repeat(70_000) })),
  })
  await using transport = impatient()

  await assert.rejects(transport.exchange(peer, greeting), { code: 'peer-fault' })
})

for (const [what, body] of [
  [
    'NaN in it',
    '{"peerId":"p","address":"http://a","frontier":[{"metric":"m","value":NaN,"cid":"x"}]}',
  ],
  [
    'a number that overflows',
    JSON.stringify({
      ...greeting,
      frontier: [{ metric: 'm', value: 1, cid: item.cid }],
    }).replace('"value":1', '"value":1e999'),
  ],
  ['an absurd timestamp', JSON.stringify({ ...greeting, timestamp: '+999999-01-01T00:00:00Z' })],
] as const) {
  test(`a gossip answer with ${what} is refused`, async () => {
    await using peer = await startPeer('odd', {
      misbehave: always((response) => response.writeHead(200, ours).end(body)),
    })
    await using transport = impatient()

    await assert.rejects(transport.exchange(peer, greeting), { code: 'peer-fault' })
  })
}

test('sizes of artifacts are read from a header, and invalid parts ignored', async () => {
  const hash = hashBytes(Buffer.from('a'))
  const misbehave = always((response) =>
    response
      .writeHead(200, {
        ...ours,
        'grove-artifacts': `${hash}=5, nonsense, blake3:12=7, ${hash.replace('a', 'b')}=-1`,
      })
      .end(item.bytes),
  )
  await using peer = await startPeer('peer', { misbehave })
  await using transport = impatient()

  const { sizes } = await transport.manifest(peer, item.cid)

  assert.deepEqual([...(sizes ?? [])], [[hash, 5]])
})

test('a choice of tags is sent in the query if it fits', async () => {
  await using peer = await startPeer('peer', {})
  await using transport = impatient()

  for (const tags of [
    ['text', 'x&y'],
    ['a,b', 'c'],
    ['好'.repeat(500), 'short'],
    ['a,b'],
    ['\ud800'],
    [],
  ])
    await transport.best(peer, { dimension: 'loss', tags, limit: 100 })

  assert.deepEqual(
    peer.requests.map((line) => line.slice('GET /api/federation/best?'.length)),
    ['&tags=text%2Cx%26y', '&tags=c', '&tags=short', '', '&tags=%EF%BF%BD', '&tags='].map(
      (text) => `dimension=loss&limit=100${text}`,
    ),
  )
})

test('of a best list no more is taken than was asked for', async () => {
  const places = Array.from({ length: 1_000 }, (_, n) => ({
    cid: hashBytes(Buffer.from(`${n}`)),
    value: n,
  }))
  const entries = places.map((place) => ({
    ...place,
    kind: 'work',
    tags: [],
    manifestBytes: 1,
    artifactBytes: 0,
  }))
  const shown = places.map((place) => ({
    ...place,
    summary: '',
    kind: 'work',
    mode: 'evaluation',
    agentId: 'a',
  }))
  const none = { byAdoption: [], byRecency: [], byReviewScore: [], byReproduction: [] }
  const query = { dimension: 'loss', limit: 20 }
  await using ofToday = await startPeer('today', {
    misbehave: always((response) =>
      response
        .writeHead(200, ours)
        .end(JSON.stringify({ dimension: 'loss', direction: 'maximize', entries })),
    ),
  })
  await using older = await startPeer('older', {
    misbehave: ({ url }, response) => {
      if (url?.startsWith('/api/frontier') === true)
        response.writeHead(200).end(JSON.stringify({ byMetric: { loss: shown }, ...none }))
      else response.writeHead(404).end('{}')
      return true
    },
  })
  await using transport = impatient()

  assert.equal((await transport.best(ofToday, query)).entries.length, 20)
  assert.equal((await transport.best(older, query)).entries.length, 20)
})

test('a federating grove without items is not asked again by the routes of 0.1', async () => {
  await using peer = await startPeer('peer', { misbehave: always(sendAbsent) })
  await using transport = impatient()

  assert.equal(await transport.holds(peer, item.cid), false)

  assert.equal(peer.requests.length, 1)
})

for (const [what, text] of [
  ['without its trailer', 'MANIFEST\n'],
  ['that goes on after its trailer', 'TRAILER\nMANIFEST\n'],
  ['that ends within a line', 'MANIFEST\n{"trail'],
  ['with a malformed trailer', '{"trailer":{"sent":"many"}}\n'],
] as const) {
  test(`a closure ${what} is blamed on the peer`, async () => {
    const body = text
      .replace('MANIFEST', Buffer.from(item.bytes).toString())
      .replace('TRAILER', '{"trailer":{"sent":0,"bytes":0,"missing":[]}}')
    await using peer = await startPeer('peer', {
      misbehave: always((response) => response.writeHead(200, ours).end(body)),
    })
    await using transport = impatient()

    const answer = await transport.closure(peer, { cid: item.cid })

    await assert.rejects(collect(answer.records), { code: 'peer-fault' })
    await assert.rejects(answer.trailer, { code: 'peer-fault' })
  })
}

test("what this process lacks is nobody else's fault", () => {
  const cause = Object.assign(new Error('socket'), { code: 'EMFILE' })

  const error = transportError({ peerId: 'p', address: 'http://p' }, cause, { begun: false })

  assert.ok(isGroveError(error, 'resource-exhausted'))
  assert.equal(error.kind.blame, 'self')
})

for (const [what, headers] of [
  ['an encoded body', { 'content-encoding': 'gzip' }],
  ['a body in two encodings', { 'content-encoding': 'identity, identity' }],
] as const)
  test(`${what} that comes whole with its headers is refused, and nothing else happens`, async () => {
    await using peer = await startPeer('peer', {
      misbehave: always((response) =>
        response.writeHead(200, { ...ours, ...headers, 'content-length': 2 }).end('{}'),
      ),
    })
    await using transport = impatient()

    const refused = transport.manifest(peer, item.cid)

    await assert.rejects(refused, { code: 'peer-fault' })
    // The error of a dropped body comes later; unheard, it would fail this test.
    await new Promise(setImmediate)
  })

test('nothing is kept of addresses at which nobody answers', async () => {
  await using transport = impatient()
  const before = queryObjects(Pool, { format: 'count' })
  const dead = Array.from({ length: 60 }, (_, n) => ({
    peerId: `dead-${n}`,
    address: `http://127.9.0.${n + 1}:1`,
  }))

  const outcomes = await Promise.allSettled(
    dead.map((peer) => transport.exchange(peer, greeting, {})),
  )

  assert.ok(outcomes.every(({ status }) => status === 'rejected'))
  await until('the pools are gone', () => queryObjects(Pool, { format: 'count' }) <= before + 1)
})
