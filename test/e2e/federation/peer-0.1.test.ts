import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { parseCid } from '../../../src/core/cid.ts'
import { defaultPolicy } from '../../../src/core/policy.ts'
import { fetchRemoteContribution } from '../../../src/node/fetch/fetch.ts'
import { testNode } from '../../support/test-node.ts'

interface Recorded {
  readonly title: string
  readonly request: { readonly method: string; readonly path: string }
  readonly response: {
    readonly status: number
    readonly headers: Record<string, string>
    readonly body: unknown
  }
}

const wire: { readonly answers: readonly Recorded[] } = JSON.parse(
  await readFile(new URL('../../../spec/vectors/wire-0.1.json', import.meta.url), 'utf8'),
)
const recorded = (title: string) => wire.answers.find((answer) => answer.title === title)!.response
const published = recorded('publish, multipart: one part "manifest", parts "artifact:<name>"')
  .body as { cid: string }
const derived = recorded('publish, JSON, with a relation').body as {
  cid: string
  artifacts: Record<string, string>
}
const baselineCid = parseCid(published.cid)
const derivedCid = parseCid(derived.cid)

/** A 0.1 server that gives recorded answers. For an unknown route it gives Hono's bare 404. */
async function startRecorded(changed: Readonly<Record<string, unknown>> = {}) {
  const requests: string[] = []
  const answers = new Map(
    wire.answers
      .filter(({ request }) => request.method === 'GET')
      .map(({ request, response }) => [request.path, response]),
  )
  answers.set(`/api/contributions/${derivedCid}`, {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: derived,
  })
  const artifact = recorded('artifact bytes')
  answers.set(`/api/contributions/${derivedCid}/artifacts/src%2Ftrain.py`, artifact)
  answers.set(`/api/dag/${derivedCid}/children`, {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: [],
  })
  for (const [path, body] of Object.entries(changed))
    answers.set(path, { status: 200, headers: {}, body })
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    const path =
      request.url?.startsWith('/api/frontier?') === true
        ? '/api/frontier?limit=5'
        : (request.url ?? '')
    const answer = answers.get(path)
    if (answer === undefined || request.method !== 'GET')
      return response.writeHead(404, { 'content-type': 'text/plain' }).end('404 Not Found')
    const { 'content-length': _, ...headers } = answer.headers
    const body = Buffer.from(
      typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body),
    )
    return response
      .writeHead(answer.status, { ...headers, 'content-length': body.byteLength })
      .end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    peerId: 'grove-4631',
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('a contribution is fetched from a 0.1 server by its routes, and verified', async () => {
  await using old = await startRecorded()
  await using grove = testNode()

  const result = await fetchRemoteContribution(grove.node, derivedCid, { peer: old.address })

  assert.deepEqual(result.missing, [])
  assert.deepEqual(
    result.artifacts.map(({ name, state, sizeBytes }) => ({ name, state, sizeBytes })),
    [{ name: 'src/train.py', state: 'fetched', sizeBytes: 15 }],
  )
  assert.deepEqual(result.ancestors, [baselineCid])
  assert.equal((await grove.node.contributions.get(baselineCid))?.provenance.address, old.address)
  assert.ok(old.requests.some((line) => line.endsWith('/artifacts/src%2Ftrain.py')))
})

test('our routes are tried once on a 0.1 server, not in every request', async () => {
  await using old = await startRecorded()
  await using grove = testNode()

  await fetchRemoteContribution(grove.node, derivedCid, { peer: old.address })
  await fetchRemoteContribution(grove.node, baselineCid, { peer: old.address })

  assert.equal(
    old.requests.filter(
      (line) =>
        line.includes('/api/gossip/') ||
        line.includes('/api/blobs/') ||
        line.includes('/api/federation/'),
    ).length,
    1,
  )
})

test('a quote of a 0.1 contribution gives the size of its artifact and moves nothing', async () => {
  await using old = await startRecorded()
  await using grove = testNode()

  const result = await fetchRemoteContribution(grove.node, baselineCid, {
    peer: old.address,
    quote: true,
  })

  assert.deepEqual(
    result.artifacts.map(({ sizeBytes, state }) => ({ sizeBytes, state })),
    [{ sizeBytes: 15, state: 'missing' }],
  )
  assert.deepEqual(result.missing, [{ hash: result.artifacts[0]!.hash, reason: 'not-fetched' }])
  assert.equal(await grove.node.contributions.count(), 0)
})

test('an item that a 0.1 server does not hold is absent', async () => {
  await using old = await startRecorded()
  await using grove = testNode()
  const nowhere = parseCid(`blake3:${'0'.repeat(64)}`)

  await assert.rejects(fetchRemoteContribution(grove.node, nowhere, { peer: old.address }), {
    code: 'absent',
  })
})

test('an altered 0.1 contribution is refused', async () => {
  await using old = await startRecorded({
    [`/api/contributions/${derivedCid}`]: { ...derived, summary: 'lower still' },
  })
  await using grove = testNode()

  await assert.rejects(fetchRemoteContribution(grove.node, derivedCid, { peer: old.address }), {
    code: 'fetch-bad-bytes',
  })

  assert.equal(await grove.node.contributions.count(), 0)
})

test("background sync fetches a 0.1 server's best", async () => {
  await using old = await startRecorded()
  await using grove = testNode([old])

  const report = await grove.node.sync.round()

  assert.deepEqual(report.failed, [])
  assert.ok(report.fetched.includes(derivedCid))
  assert.deepEqual(await grove.node.contributions.missing([derivedCid, baselineCid]), [])
})

test('each tag of a policy is requested separately from 0.1', async () => {
  await using old = await startRecorded()
  await using grove = testNode([old], {
    policy: { ...defaultPolicy, tags: ['baseline', 'code'], kinds: ['work'] },
  })

  const report = await grove.node.sync.round()

  const lists = old.requests.filter((line) => line.startsWith('GET /api/frontier?'))
  assert.ok(report.requests >= lists.length, `${report.requests} reported, ${lists.length} made`)
  const asked = old.requests.filter((line) => line.includes('metric='))
  assert.deepEqual(
    [
      ...new Set(
        asked.map((line) => new URL(line.slice(4), 'http://peer').searchParams.get('tags')),
      ),
    ],
    ['baseline', 'code'],
  )
  assert.ok(asked.every((line) => line.includes('kind=work')))
})
