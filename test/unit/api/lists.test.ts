import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ApiAnswerer } from '../../../src/api/answer/answerer.ts'
import { memoryRequest } from '../../../src/api/answer/request.ts'
import { groveClient } from '../../../src/api/client/http-client.ts'
import { localClient } from '../../../src/api/client/local-client.ts'
import type { Cid } from '../../../src/core/cid.ts'
import type { Draft, RelationType } from '../../../src/core/contribution/schema.ts'
import { PAGE_MAX_BYTES } from '../../../src/core/limits.ts'
import { publish } from '../../../src/node/publish.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { plainDraft } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'

/** Six of these are more than one answer has. */
const HEAVY = 6
const text = 'x'.repeat(900_000)

let grove: ServedNode
let target: Cid
/** Names all that is about the target. */
let heir: Cid
before(async () => {
  grove = await serveNode()
  const store = async (draft: Partial<Draft>) =>
    (await publish(grove.node, { ...plainDraft, ...draft })).contribution.cid
  target = await store({ summary: 'target' })
  const about: Cid[] = []
  for (let n = 0; n < HEAVY; n++) {
    const relations = [relation('reviews', target), relation('responds_to', target)]
    about.push(
      await store({ kind: 'discussion', summary: `heavy ${n}`, context: { text }, relations }),
    )
    await store({ kind: 'discussion', summary: `apart ${n}`, context: { text }, tags: ['apart'] })
  }
  heir = await store({ relations: about.map((cid) => relation('derives_from', cid)) })
})
after(async () => grove[Symbol.asyncDispose]())

const relation = (relationType: RelationType, targetCid: Cid) => ({
  relationType,
  targetCid,
  metadata: {},
})

const lists = (): Readonly<Record<string, string>> => ({
  all: '/api/contributions?limit=50',
  children: `/api/dag/${target}/children`,
  ancestors: `/api/dag/${heir}/ancestors`,
  evidence: `/api/contributions/${target}/evidence`,
  thread: `/api/threads/${target}`,
  threads: '/api/threads?tags=apart&unanswered=true',
  search: '/api/search?q=heavy',
})

test('an answer has so many bytes of manifests, and says where the rest begins', async () => {
  for (const [list, path] of Object.entries(lists())) {
    const bodies: string[] = []
    const parts: { rows: readonly unknown[] }[] = []
    for (let next: string | null = ''; next !== null; ) {
      const rest = next === '' ? '' : `${path.includes('?') ? '&' : '?'}after=${next}`
      const answer = await fetch(grove.url + path + rest)
      const body = await answer.text()
      assert.equal(answer.status, 200, body)
      bodies.push(body)
      parts.push({ rows: rowsOf(JSON.parse(body)) })
      next = answer.headers.get('grove-next')
    }

    const cids = parts.flatMap(({ rows }) => rows.map((row) => (row as { cid: Cid }).cid))
    const expected = await wholeOf(list)
    assert.deepEqual(cids, expected, list)
    assert.ok(parts.length >= 2, `${list} has ${parts.length} parts`)
    for (const body of bodies) assert.ok(body.length < 1.01 * PAGE_MAX_BYTES, list)
  }
})

test('the parts of a list are what it would be as one', async () => {
  const client = groveClient(grove.url, systemClock)
  const inProcess = localClient(grove.node)
  const ask = async (api: typeof client) => ({
    all: await api.listContributions({ limit: 11 }),
    late: await api.listContributions({ limit: 10, offset: 2 }),
    children: await api.children({ cid: target }),
    first: await api.children({ cid: target, limit: 5 }),
    ancestors: await api.ancestors({ cid: heir }),
    evidence: await api.evidence({ cid: target }),
    thread: await api.thread({ cid: target, limit: 6 }),
    threads: await api.threads({ unanswered: true, limit: 20 }),
    search: await api.search({ q: 'heavy', limit: 5 }),
  })

  const [overHttp, local] = [await ask(client), await ask(inProcess)]
  await client.close()

  assert.deepEqual(
    [local.all.items.length, local.first.length, local.thread.nodes.length],
    [11, 5, 6],
  )
  assert.deepEqual(overHttp, local)
})

test('a list is byte for byte what its contributions are as JSON', async () => {
  const items = await localClient(grove.node).listContributions({ limit: 1 })
  const answer = await fetch(`${grove.url}/api/contributions?limit=1`)

  const body = await answer.text()

  assert.equal(body, JSON.stringify(items.items))
  assert.equal(answer.headers.get('content-length'), String(body.length))
  assert.equal(answer.headers.get('x-total-count'), String(2 * HEAVY + 2))
})

test('rows are read when their reader takes them', async () => {
  const { node } = grove
  let read = 0
  const bytes = node.contributions.bytes.bind(node.contributions)
  node.contributions.bytes = (cid) => {
    read++
    return bytes(cid)
  }
  const target = '/api/contributions?tags=apart'

  const { response } = await new ApiAnswerer(node).answer(memoryRequest({ method: 'GET', target }))
  const unread = read
  for await (const _ of response.body as AsyncIterable<Uint8Array>);
  node.contributions.bytes = bytes

  assert.deepEqual([unread, read], [1, 4])
})

test('a place that is none is refused', async () => {
  for (const path of ['/api/contributions?', `/api/dag/${target}/children?`, '/api/threads?'])
    assert.equal((await fetch(`${grove.url}${path}after=nowhere`)).status, 400)
})

function rowsOf(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body
  const { items, nodes, threads, results } = body as Record<string, unknown[]>
  return items ?? nodes ?? threads ?? results ?? []
}

/** The whole list, as a caller in this process gets it. */
async function wholeOf(list: string): Promise<Cid[]> {
  const api = localClient(grove.node)
  const answers: Readonly<Record<string, () => Promise<unknown>>> = {
    all: () => api.listContributions({ limit: 50 }),
    children: () => api.children({ cid: target }),
    ancestors: () => api.ancestors({ cid: heir }),
    evidence: () => api.evidence({ cid: target }),
    thread: () => api.thread({ cid: target }),
    threads: () => api.threads({ tags: ['apart'], unanswered: true }),
    search: () => api.search({ q: 'heavy' }),
  }
  return rowsOf(await answers[list]?.()).map((row) => (row as { cid: Cid }).cid)
}

test('a search parses no manifest as a whole, nor do the signs of who wrote the evidence', async (context) => {
  const parsed = context.mock.method(grove.node.contributions, 'get')

  const found = await fetch(`${grove.url}/api/search?q=heavy`)
  const search = parsed.mock.callCount()
  const standing = await fetch(`${grove.url}/api/contributions/${target}/standing`)

  assert.deepEqual([found.status, standing.status], [200, 200])
  assert.equal(rowsOf(await found.json()).length, 4)
  assert.equal(search, 0)
  assert.equal(parsed.mock.callCount(), 1)
})
