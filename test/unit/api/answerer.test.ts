import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ApiAnswerer } from '../../../src/api/answer/answerer.ts'
import { memoryRequest } from '../../../src/api/answer/request.ts'
import type { ApiResponse } from '../../../src/api/answer/response.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { publish } from '../../../src/node/publish.ts'
import { plainDraft } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'

const small = Buffer.from('a small blob')
const large = Buffer.alloc(200_000, 'a large blob')
const json = { 'content-type': 'application/json' }
let grove: ServedNode
let answerer: ApiAnswerer
let cid = ''
before(async () => {
  grove = await serveNode()
  answerer = new ApiAnswerer(grove.node)
  for (const bytes of [small, large]) await grove.node.blobs.put(bytes)
  const artifacts = { 'data.bin': hashBytes(small) }
  cid = (await publish(grove.node, { ...plainDraft, artifacts })).contribution.cid
})
after(async () => grove[Symbol.asyncDispose]())

interface Asked {
  readonly method: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Headers that a response gets only on a socket. */
const ofTheSocket = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding'])

async function overSocket({ method, target, headers = {}, body }: Asked) {
  const answer = await fetch(grove.url + target, { method, headers, ...(body && { body }) })
  return {
    status: answer.status,
    headers: Object.fromEntries([...answer.headers].filter(([name]) => !ofTheSocket.has(name))),
    body: Buffer.from(await answer.arrayBuffer()).toString('base64'),
  }
}

async function inMemory(asked: Asked) {
  const { response } = await answerer.answer(memoryRequest(asked))
  const { status, headers } = response
  const body = asked.method === 'HEAD' ? Buffer.alloc(0) : await bytesOf(response)
  return { status, headers: { ...headers }, body: body.toString('base64') }
}

async function bytesOf({ body = '' }: ApiResponse): Promise<Buffer> {
  if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.from(body as string)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const cases: Readonly<Record<string, () => Asked>> = {
  'an unknown route': () => ({ method: 'GET', target: '/api/nothing' }),
  'a method that a route lacks': () => ({ method: 'DELETE', target: '/api/contributions' }),
  'a contribution': () => ({ method: 'GET', target: `/api/contributions/${cid}` }),
  'a list with a query': () => ({ method: 'GET', target: '/api/contributions?limit=1' }),
  'a malformed query': () => ({ method: 'GET', target: '/api/contributions?limit=many' }),
  'a small blob': () => ({ method: 'GET', target: `/api/blobs/${hashBytes(small)}` }),
  'a large blob': () => ({ method: 'GET', target: `/api/blobs/${hashBytes(large)}` }),
  'the head of a blob': () => ({ method: 'HEAD', target: `/api/blobs/${hashBytes(large)}` }),
  'a range': () => ({
    method: 'GET',
    target: `/api/blobs/${hashBytes(large)}`,
    headers: { range: 'bytes=100-150000' },
  }),
  'a range beyond the end': () => ({
    method: 'GET',
    target: `/api/blobs/${hashBytes(small)}`,
    headers: { range: 'bytes=9999-' },
  }),
  'a blob that the caller has': () => ({
    method: 'GET',
    target: `/api/blobs/${hashBytes(small)}`,
    headers: { 'if-none-match': '*' },
  }),
  'a manifest with its artifacts': () => ({
    method: 'GET',
    target: `/api/gossip/contribution/${cid}`,
  }),
  'a closure': () => ({
    method: 'POST',
    target: '/api/federation/closure',
    headers: json,
    body: JSON.stringify({ cid }),
  }),
  'a body over its limit': () => ({
    method: 'POST',
    target: '/api/gossip/exchange',
    headers: json,
    body: 'x'.repeat(100_000),
  }),
  'a body that is not sent as JSON': () => ({
    method: 'POST',
    target: '/api/blobs/missing',
    headers: { 'content-type': 'text/plain' },
    body: '{}',
  }),
  'a page of another site': () => ({
    method: 'POST',
    target: '/api/blobs',
    headers: { origin: 'http://evil.example' },
    body: 'x',
  }),
}

for (const [what, asked] of Object.entries(cases))
  test(`${what} gets the same answer with and without a socket`, async () => {
    assert.deepEqual(await inMemory(asked()), await overSocket(asked()))
  })

test('a fault of the grove is logged, and the caller learns no details', async () => {
  await using other = await serveNode()
  other.node.contributions.count = () => Promise.reject(new Error('secret'))

  const { operation, response } = await new ApiAnswerer(other.node).answer(
    memoryRequest({ method: 'GET', target: '/readyz' }),
  )

  assert.deepEqual([operation, response.status, other.logged.length], ['ready', 500, 1])
  assert.doesNotMatch(String(response.body), /secret/)
})

test('each answer is written after a breath, as many callers may wait for the same', async (t) => {
  let breaths = 0
  t.mock.method(grove.node, 'breathe', () => void breaths++)

  await Promise.all(
    Array.from({ length: 3 }, () =>
      answerer.answer(memoryRequest({ method: 'GET', target: '/api/identity' })),
    ),
  )

  assert.ok(breaths >= 3, `${breaths}`)
})

test('an empty path is no route', async () => {
  const { response } = await answerer.answer(memoryRequest({ method: 'GET', target: '' }))

  assert.equal(response.status, 404)
})
