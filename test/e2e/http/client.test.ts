/** What the typed client does, over HTTP and in this process. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { groveClient } from '../../../src/api/client/http-client.ts'
import { localClient } from '../../../src/api/client/local-client.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { isGroveError } from '../../../src/core/errors.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { plainDraft } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'

let grove: ServedNode
before(async () => {
  grove = await serveNode()
})
after(async () => grove[Symbol.asyncDispose]())

for (const kind of ['over HTTP', 'in this process'] as const) {
  test(`a grove ${kind} takes bytes, publishes them, gives them back and tells what happened`, async () => {
    const client =
      kind === 'over HTTP' ? groveClient(grove.url, systemClock) : localClient(grove.node)
    const bytes = Buffer.from(`bytes ${kind}`)
    const ended = new AbortController()
    const events = client.events({ signal: ended.signal })[Symbol.asyncIterator]()

    const { hash } = await client.uploadBlob(
      (async function* () {
        yield bytes
      })(),
      { expect: hashBytes(bytes) },
    )
    const first = events.next()
    const published = await publishUntilSeen(client, hash, first, kind)
    const part = await client.blob({ hash, range: { start: 0, end: 4 } })
    const whole = await client.artifact({ cid: published.cid, name: 'data' })
    const { items, total } = await client.listContributions({ limit: 1_000 })

    assert.equal(published.artifacts.data, hash)
    assert.deepEqual([part.sizeBytes, (await read(part.body)).toString()], [5, 'bytes'])
    assert.ok((await read(whole.body)).equals(bytes))
    assert.deepEqual([whole.hash, whole.sizeBytes], [hash, bytes.byteLength])
    assert.equal(items.length, total)
    assert.equal((await first).value.type, 'contribution')
    ended.abort()
    assert.equal((await events.next()).done, true)
    await client.close()
  })
}

test('a query means the same over HTTP and in this process', async () => {
  const [over, inside] = [groveClient(grove.url, systemClock), localClient(grove.node)]
  for (const tags of [['lm', 'x y&z'], ['lm'], []]) {
    const { cid } = await over.publish({ ...plainDraft, summary: `tagged ${tags}`, tags })
    const relations = [{ targetCid: cid, relationType: 'responds_to' as const }]
    await over.publish({ ...plainDraft, summary: `reply to ${tags}`, relations })
  }

  for (const query of [{}, { limit: 1 }, { tags: ['lm', 'x y&z'] }, { tags: ['lm'], limit: 5 }])
    assert.deepEqual(await over.threads(query), await inside.threads(query))
  assert.equal((await over.threads({ tags: ['lm', 'x y&z'] })).count, 1)
  await over.close()
})

test('calls that wait for other groves keep no short one waiting', async () => {
  const server = createServer((incoming, outgoing) => {
    if (incoming.method === 'GET') outgoing.end('{"peers":[]}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = groveClient(`http://127.0.0.1:${port}`, systemClock)
  const fetches = Array.from({ length: 40 }, () =>
    client.fetchContribution({ cid: hashBytes(Buffer.of()) }),
  )
  const ends = Promise.allSettled(fetches)
  await once(server, 'request')

  const answer = await client.federationPeers({})

  assert.deepEqual(answer, { peers: [] })
  await client.close()
  server.closeAllConnections()
  server.close()
  await ends
})

test('a server that is not there is told with its address', async () => {
  const client = groveClient('http://127.0.0.1:9', systemClock)

  await assert.rejects(
    client.grove({}),
    (error) =>
      isGroveError(error, 'server-unreachable') && error.details.url === 'http://127.0.0.1:9',
  )
  await client.close()
})

test('an error answer comes out of the client as the error that it was', async () => {
  const client = groveClient(grove.url, systemClock)
  const absent = `blake3:${'0'.repeat(64)}`

  await assert.rejects(client.contribution({ cid: absent }), (error) =>
    isGroveError(error, 'not-found'),
  )
  await assert.rejects(client.contribution({ cid: 'xyz' }), (error) =>
    isGroveError(error, 'cid-invalid'),
  )
  await client.close()
})

type Client = ReturnType<typeof localClient>

/** Over HTTP nobody knows when the subscription has begun, so it publishes until an event has come. */
async function publishUntilSeen(
  client: Client,
  hash: string,
  event: Promise<unknown>,
  summary: string,
) {
  let seen = false
  event.then(() => {
    seen = true
  })
  const draft = { ...plainDraft, artifacts: { data: hash } }
  const published = await client.publish({ ...draft, summary })
  for (let at = 0; !seen && at < 1_000; at++)
    await client.publish({ ...draft, summary: `${summary} ${at}` })
  return published
}

async function read(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
