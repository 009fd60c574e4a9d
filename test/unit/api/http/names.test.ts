import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiAnswerer } from '../../../../src/api/answer/answerer.ts'
import { memoryRequest } from '../../../../src/api/answer/request.ts'
import { decideConfig } from '../../../../src/config.ts'
import { plainDraft } from '../../../support/http.ts'
import { serveNode } from '../../../support/serve-node.ts'
import { testNode } from '../../../support/test-node.ts'

/** The statuses of a read and of a write by a page of this host. */
async function statuses(answerer: ApiAnswerer, host: string): Promise<number[]> {
  const headers = { host, origin: `http://${host}`, 'content-type': 'application/json' }
  const body = JSON.stringify(plainDraft)
  const read = memoryRequest({ method: 'GET', target: '/api/frontier', headers })
  const write = memoryRequest({ method: 'POST', target: '/api/contributions', headers, body })
  const answers = [await answerer.answer(read), await answerer.answer(write)]
  return answers.map(({ response }) => response.status)
}

for (const [host, expected] of [
  ['evil.example', [403, 403]],
  ['grove.example.evil.example:4515', [403, 403]],
  ['grove.example', [200, 201]],
  ['grove.example.:4515', [200, 201]],
  ['alias.example', [200, 201]],
  ['10.0.0.5:4515', [200, 201]],
  ['[2001:db8::1]:4515', [200, 201]],
  ['grove:4515', [200, 201]],
] as const)
  test(`a grove that others reach at grove.example is called ${host}: ${expected[0]}`, async () => {
    const self = { peerId: 'self', address: 'http://grove.example:4515' }
    await using grove = testNode([], { self, reachable: true })
    const answerer = new ApiAnswerer(grove.node, { allowHosts: ['Alias.example'] })

    assert.deepEqual(await statuses(answerer, host), expected)
  })

for (const [target, host, status] of [
  ['http://127.0.0.1:4515/api/frontier', 'evil.example', 200],
  ['HTTP://127.0.0.1/api/frontier?limit=1', 'evil.example', 200],
  ['http://evil.example/api/frontier', '127.0.0.1', 403],
  ['/http://127.0.0.1/api/frontier', '127.0.0.1', 404],
] as const)
  test(`the target ${target} under the host ${host}: ${status}`, async () => {
    await using grove = testNode()
    const request = memoryRequest({ method: 'GET', target, headers: { host } })

    const { response } = await new ApiAnswerer(grove.node).answer(request)

    assert.equal(response.status, status)
  })

for (const [transferEncoding, status] of [
  ['chunked', 201],
  ['Chunked', 201],
  ['gzip, chunked', 415],
] as const)
  test(`a blob in the transfer coding ${transferEncoding}: ${status}`, async () => {
    await using grove = testNode()
    const headers = { 'transfer-encoding': transferEncoding }
    const request = memoryRequest({ method: 'POST', target: '/api/blobs', headers, body: 'x' })

    const { response } = await new ApiAnswerer(grove.node).answer(request)

    assert.equal(response.status, status)
  })

test('the log tells an unknown name once', async () => {
  const told: unknown[] = []
  await using grove = await serveNode(undefined, {
    warn: (_, fields) => void told.push(fields?.host),
  })
  const answerer = new ApiAnswerer(grove.node)

  for (const host of ['a.example', 'a.example', 'b.example']) await statuses(answerer, host)

  assert.deepEqual(told, ['a.example', 'b.example'])
})

test('names to be called by are read from options and the file, and are no addresses', () => {
  const names = (allowHost: string[]) =>
    decideConfig({ dir: '/x', file: { allowHost } }).server.allowHosts

  assert.deepEqual(names(['Grove.Example', 'node-1']), ['Grove.Example', 'node-1'])
  for (const name of ['http://grove.example', 'grove.example:80', '*.example', ''])
    assert.throws(() => names([name]), { code: 'usage-error' }, name)
})
