import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Door } from '../../../../src/api/admission/door.ts'
import { ApiAnswerer } from '../../../../src/api/answer/answerer.ts'
import { type ApiRequest, memoryRequest } from '../../../../src/api/answer/request.ts'
import { hashBytes } from '../../../../src/core/cid.ts'
import type { Scope } from '../../../../src/core/identity/token.ts'
import { withCode } from '../../../support/errors.ts'
import { temporaryDirectory } from '../../../support/folder.ts'
import { serveNode } from '../../../support/serve-node.ts'

/** A grove, and what it answers to a caller elsewhere that has a token. */
async function withToken(scope: Scope) {
  const temporary = await temporaryDirectory()
  const grove = await serveNode(join(temporary.dir, 'grove'))
  const { access, clock } = grove.node
  const answerer = new ApiAnswerer(grove.node, { door: new Door({ access, clock }) })
  const { id, token } = await access.tokens.create({ name: 'one', scope })
  const headers = { authorization: `Bearer ${token}` }
  return {
    node: grove.node,
    headers,
    revoke: () => access.tokens.revoke(id),
    answer: async (request: ApiRequest) => (await answerer.answer(request)).response,
    async chunks(target: string) {
      const asked = memoryRequest({ method: 'GET', target, headers, remote: '203.0.113.5' })
      const { response } = await answerer.answer(asked)
      assert.equal(response.status, 200)
      return (response.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    },
    async [Symbol.asyncDispose]() {
      await grove[Symbol.asyncDispose]()
      await temporary[Symbol.asyncDispose]()
    },
  }
}

test('a stream of events ends when its token is revoked', async () => {
  await using there = await withToken('read')
  const stream = await there.chunks('/api/events')
  await stream.next()
  const next = stream.next()

  await there.revoke()

  assert.equal((await next).done, true)
})

test('a download breaks off when its token is revoked', async () => {
  await using there = await withToken('read')
  const bytes = Buffer.alloc(1_000_000, 'long')
  await there.node.blobs.put(bytes)
  const download = await there.chunks(`/api/blobs/${hashBytes(bytes)}`)
  assert.equal((await download.next()).done, false)

  await there.revoke()

  await assert.rejects(download.next(), withCode('unauthorized', 'revoked'))
})

test('an upload is refused when its token is revoked before its end', async () => {
  await using there = await withToken('publish')
  const hash = hashBytes(Buffer.from('ab'))
  const request = {
    ...memoryRequest({ method: 'PUT', target: `/api/blobs/${hash}`, headers: there.headers }),
    async *bodyStream() {
      yield Buffer.from('a')
      await there.revoke()
      yield Buffer.from('b')
    },
  }

  const { status } = await there.answer(request)

  assert.equal(status, 401)
  assert.equal(await there.node.blobs.stat(hash), undefined)
})

test('a token that revokes itself is told so', async () => {
  await using there = await withToken('operate')
  const headers = { ...there.headers, 'content-type': 'application/json' }
  const body = JSON.stringify({ token: 'one' })

  const { status } = await there.answer(
    memoryRequest({ method: 'POST', target: '/api/tokens/revoke', headers, body }),
  )

  assert.equal(status, 200)
})
