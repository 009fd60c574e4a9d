import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { groveClient } from '../../../src/api/client/http-client.ts'
import { bind } from '../../../src/api/http/server.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { cidOf } from '../../../src/core/contribution/contribution.ts'
import type { Draft } from '../../../src/core/contribution/schema.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { withCode } from '../../support/errors.ts'
import { plainDraft, postJson } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'
import { until } from '../../support/until.ts'

let grove: ServedNode
before(async () => {
  grove = await serveNode()
})
after(async () => grove[Symbol.asyncDispose]())

interface Refusal {
  readonly status: number
  readonly code: string
  readonly reason: string | undefined
  readonly headers: Headers
}

async function refusalOf(answer: Response): Promise<Refusal> {
  const { error } = (await answer.json()) as {
    error: { code: string; details: { reason?: string } }
  }
  return {
    status: answer.status,
    code: error.code,
    reason: error.details.reason,
    headers: answer.headers,
  }
}

const ask = async (path: string, init: RequestInit = {}) =>
  refusalOf(await fetch(grove.url + path, init))
const publish = (body: string, contentType = 'application/json') =>
  ask('/api/contributions', { method: 'POST', body, headers: { 'content-type': contentType } })

test('an unknown route gets 404 in the common error shape', async () => {
  const { status, code, headers } = await ask('/api/nothing')

  assert.equal(status, 404)
  assert.equal(code, 'NOT_FOUND')
  assert.equal(headers.get('grove-protocol'), '1')
})

test('a known route with another method gets 405 with the allowed methods', async () => {
  const { status, code, headers } = await ask('/api/contributions', { method: 'DELETE' })

  assert.equal(status, 405)
  assert.equal(code, 'method-not-allowed')
  assert.deepEqual(headers.get('allow')?.split(', ').toSorted(), ['GET', 'HEAD', 'POST'])
})

for (const [what, body, code] of [
  ['that is not JSON', '{', 'validation-error'],
  ['that is not an object', '[]', 'manifest-invalid'],
  ['that is null', 'null', 'manifest-invalid'],
  ['with an unknown field', JSON.stringify({ ...plainDraft, extra: 1 }), 'manifest-unknown-field'],
  ['without a summary', JSON.stringify({ ...plainDraft, summary: undefined }), 'manifest-invalid'],
  [
    'with a lone surrogate',
    JSON.stringify({ ...plainDraft, summary: 'x' }).replace('"x"', '"\\ud800"'),
    'manifest-invalid',
  ],
  [
    'with a bad artifact name',
    JSON.stringify({ ...plainDraft, artifacts: { '../x': `blake3:${'0'.repeat(64)}` } }),
    'manifest-invalid',
  ],
] as const) {
  test(`a manifest ${what} is refused with a specific reason`, async () => {
    const { status, code: wire, reason } = await publish(body)

    assert.equal(status, 400)
    assert.equal(wire, 'VALIDATION_ERROR')
    assert.equal(reason, code)
  })
}

test('JSON without its content type is refused, since a web page could send it', async () => {
  const { status, code } = await publish(JSON.stringify(plainDraft), 'text/plain')

  assert.equal(status, 400)
  assert.equal(code, 'VALIDATION_ERROR')
})

for (const host of [
  'evil.example',
  'localhost.evil.example:80',
  '127.0.0.1.evil.example',
  'nonsense name',
]) {
  test(`a call by the name ${host} is refused, since a web page could choose it`, async () => {
    const call = request(`${grove.url}/api/frontier`, { headers: { host } }).end()
    const [answer] = (await once(call, 'response')) as [IncomingMessage]
    answer.resume()

    assert.equal(answer.statusCode, 403)
  })
}

for (const host of [
  'localhost',
  'LOCALHOST.:1',
  '127.0.0.1:9',
  '[::1]:4515',
  '10.0.0.5',
  'grove:4515',
  'host.docker.internal',
])
  test(`a call to ${host} is answered`, async () => {
    const call = request(`${grove.url}/api/frontier`, { headers: { host } }).end()
    const [answer] = (await once(call, 'response')) as [IncomingMessage]
    answer.resume()

    assert.equal(answer.statusCode, 200)
  })

for (const artifacts of [null, 'abc', 1])
  test(`artifacts that are ${JSON.stringify(artifacts)} are refused, also with files beside them`, async () => {
    const form = new FormData()
    form.set('manifest', JSON.stringify({ ...plainDraft, artifacts }))
    form.set('artifact:notes.txt', new Blob(['notes']), 'notes.txt')

    const { status, reason } = await ask('/api/contributions', { method: 'POST', body: form })

    assert.deepEqual([status, reason], [400, 'manifest-invalid'])
  })

test('an encoded body is refused, since it would be stored as it travels', async () => {
  const { status, reason, headers } = await ask('/api/blobs', {
    method: 'POST',
    body: 'x',
    headers: { 'content-encoding': 'gzip' },
  })

  assert.deepEqual([status, reason], [415, 'encoding-unsupported'])
  assert.equal(headers.get('accept-encoding'), 'identity')
})

test("a write from another site's page is refused", async () => {
  const { status, code } = await ask('/api/blobs', {
    method: 'POST',
    body: 'x',
    headers: { origin: 'http://evil.example' },
  })

  assert.equal(status, 403)
  assert.equal(code, 'refused')
})

for (const chars of [1024 * 1024, 3 * 1024 * 1024]) {
  test(`a manifest of more than ${chars} bytes gets 413`, async () => {
    const { status, code } = await publish(
      JSON.stringify({ ...plainDraft, context: { text: 'x'.repeat(chars) } }),
    )

    assert.equal(status, 413)
    assert.equal(code, 'manifest-too-large')
  })
}

test('a body beyond its limit gets 413, with or without a content length', async () => {
  const large = 'x'.repeat(100_000)
  const post = (body: string | ReadableStream) =>
    ask('/api/gossip/exchange', {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { 'content-type': 'application/json' },
    } as RequestInit)

  const announced = await post(large)
  const streamed = await post(new Blob([large]).stream())

  assert.deepEqual([announced.status, announced.code], [413, 'body-too-large'])
  assert.deepEqual([streamed.status, streamed.code], [413, 'body-too-large'])
})

for (const path of [
  '/api/contributions/xyz',
  '/api/contributions?limit=0',
  '/api/contributions?limit=many',
  '/api/contributions?unknown=1',
  '/api/contributions?limit=1&limit=2',
  '/api/frontier?context=nonsense',
  '/api/frontier?kind=nonsense',
  '/api/search',
  '/api/resolve/xy',
  '/api/contributions/%E0%A4%A',
  '/api/federation/best',
]) {
  test(`${path} gets 400`, async () => {
    const { status, code } = await ask(path)

    assert.equal(status, 400)
    assert.equal(code, 'VALIDATION_ERROR')
  })
}

test('an abbreviated cid is completed, or refused with its candidates', async () => {
  const [first, second] = alike()
  const cids: string[] = []
  for (const draft of [first, second]) {
    cids.push((await postJson<{ cid: string }>(grove.url, '/api/contributions', draft, 201)).cid)
  }
  const [cid = ''] = cids

  const resolved = await fetch(`${grove.url}/api/resolve/${cid.slice(7, 47)}`)
  const ambiguous = await fetch(`${grove.url}/api/resolve/${cid.slice(7, 11)}`)
  const unknown = await ask(`/api/resolve/${'0'.repeat(30)}`)

  assert.deepEqual(await resolved.json(), { cid })
  const { error } = (await ambiguous.json()) as {
    error: { details: { reason: string; candidates: string[] } }
  }
  assert.deepEqual([ambiguous.status, error.details.reason], [400, 'cid-ambiguous'])
  assert.deepEqual(error.details.candidates, cids.toSorted())
  assert.equal(unknown.status, 404)
})

/** Two drafts whose cids start with the same 4 digits. */
function alike(): [Draft, Draft] {
  const seen = new Map<string, Draft>()
  for (let at = 0; ; at++) {
    const draft = { ...plainDraft, summary: `n ${at}`, createdAt: '2026-03-01T00:00:00.000Z' }
    const start = cidOf({ ...draft, artifacts: {}, relations: [], tags: [] }).slice(0, 11)
    const before = seen.get(start)
    if (before !== undefined) return [before, draft]
    seen.set(start, draft)
  }
}

test('requests between groves may have fields that a later version adds', async () => {
  const cid = `blake3:${'0'.repeat(64)}`
  const closure = async (body: object) => {
    const headers = { 'content-type': 'application/json' }
    const request = { method: 'POST', headers, body: JSON.stringify(body) }
    return (await ask('/api/federation/closure', request)).status
  }

  assert.equal((await fetch(`${grove.url}/api/federation/best?dimension=loss&later=1`)).status, 200)
  assert.equal(await closure({ cid, later: 1 }), 404)
  assert.equal(await closure({ later: 1 }), 400)
})

test('a caller that disconnects ends the work for it', async () => {
  const outgoing = request(`${grove.url}/api/events`)
  outgoing.on('error', () => {})
  outgoing.end()
  await once(outgoing, 'response')
  const metric = async () =>
    /grove_http_requests_total\{operation="events",status="200"\} (\d+)/.exec(
      await (await fetch(`${grove.url}/metrics`)).text(),
    )?.[1]

  outgoing.destroy()

  await until('the end of the event stream', async () => (await metric()) === '1')
})

for (const [what, text, status] of [
  ['garbage', 'nonsense\r\n\r\n', 400],
  ['a header without end', `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}`, 431],
  ['an expectation', 'GET / HTTP/1.1\r\nhost: localhost\r\nexpect: a miracle\r\n\r\n', 417],
  ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n', 400],
] as const)
  test(`${what} on the socket is answered in the one error shape and cut, and others are still served`, async () => {
    const socket = connect(grove.port, '127.0.0.1')
    socket.write(text)
    let answer = ''
    for await (const chunk of socket) answer += String(chunk)

    const [head = '', body = ''] = answer.split('\r\n\r\n')
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} [^]*grove-protocol: 1`))
    assert.equal(JSON.parse(body).error.code, 'usage-error')
    assert.equal((await fetch(`${grove.url}/healthz`)).status, 200)
  })

test('a taken port gives port-taken', async () => {
  await assert.rejects(bind({ host: '127.0.0.1', port: grove.port }), withCode('port-taken'))
})

test('a closing server ends its event streams and accepts no more requests', async () => {
  await using other = await serveNode()
  const outgoing = request(`${other.url}/api/events`)
  outgoing.end()
  const [stream] = (await once(outgoing, 'response')) as [IncomingMessage]
  const ended = once(stream.resume(), 'end')

  await other.stop(5_000)

  await ended
  const client = groveClient(other.url, systemClock)
  await assert.rejects(client.grove({}), withCode('server-unreachable'))
  await client.close()
})

test('a closing server lets an upload end within the grace period', async () => {
  await using other = await serveNode()
  const outgoing = request(`${other.url}/api/blobs`, {
    method: 'POST',
    headers: { 'content-length': 2_000 },
  })
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
  outgoing.write(Buffer.alloc(1_000))
  await until('the first bytes', () => receivedBytes(other.url))

  const stopped = other.stop(5_000)
  outgoing.end(Buffer.alloc(1_000))

  const [answer] = await answered
  answer.resume()
  assert.equal(answer.statusCode, 201)
  await stopped
})

test('an upload that is cut off leaves nothing behind', async () => {
  await using other = await serveNode()
  const bytes = Buffer.alloc(1_000, 'cut off')
  const outgoing = request(`${other.url}/api/blobs`, {
    method: 'POST',
    headers: { 'content-length': 1_000_000 },
  })
  outgoing.on('error', () => {})
  outgoing.write(bytes)
  await until('the first bytes', () => receivedBytes(other.url))

  outgoing.destroy()

  const givenUp = async () =>
    /grove_http_requests_total\{operation="postBlob"/.test(await metricsOf(other.url))
  await until('the end of the upload', givenUp)
  assert.equal(await other.node.blobs.stat(hashBytes(bytes)), undefined)
  assert.deepEqual(other.logged, [])
})

const metricsOf = async (url: string) => (await fetch(`${url}/metrics`)).text()

async function receivedBytes(url: string): Promise<boolean> {
  return Number(/^grove_blob_received_bytes_total (\d+)/m.exec(await metricsOf(url))?.[1]) > 0
}
