import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { groveClient } from '../../../src/api/client/http-client.ts'
import { localClient } from '../../../src/api/client/local-client.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { plainDraft } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'

let grove: ServedNode
before(async () => {
  grove = await serveNode()
})
after(async () => grove[Symbol.asyncDispose]())

test('the reference page runs only its own script and loads nothing from elsewhere', async () => {
  const answer = await fetch(`${grove.url}/api/docs`)
  const page = await answer.text()

  const policy = answer.headers.get('content-security-policy') ?? ''
  for (const tag of ['script', 'style']) {
    const content = new RegExp(`<${tag}[^>]*>([^]*)</${tag}>`).exec(page)?.[1] ?? ''
    assert.ok(
      policy.includes(`'sha256-${createHash('sha256').update(content).digest('base64')}'`),
      tag,
    )
  }
  assert.match(policy, /default-src 'none'/)
  assert.doesNotMatch(page, /(?:src|href)=["'](?:https?:)?\/\//)
})

test('the OpenAPI description is served, and every GET route in it exists', async () => {
  const { paths } = (await (await fetch(`${grove.url}/api/openapi.json`)).json()) as {
    paths: Record<string, object>
  }

  for (const [path, methods] of Object.entries(paths)) {
    if (!('get' in methods) || path === '/api/events') continue
    const answer = await fetch(grove.url + path.replace(/\{\w+\}/g, 'x'))
    assert.ok(answer.status !== 405 && answer.status < 500, `${path}: ${answer.status}`)
  }
})

test('metrics are served for Prometheus', async () => {
  const answer = await fetch(`${grove.url}/metrics`)
  const text = await answer.text()

  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/)
  for (const name of [
    'grove_http_requests_total',
    'grove_contributions',
    'grove_peers',
    'nodejs_eventloop_lag_seconds',
  ]) {
    assert.match(text, new RegExp(`^# TYPE ${name} `, 'm'))
  }
})

for (const kind of ['over HTTP', 'in this process'] as const) {
  test(`a grove ${kind} publishes bytes, returns them and sends the event`, async () => {
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

type Client = ReturnType<typeof localClient>

/** Publishes until an event has come, since over HTTP it is unknown when a subscription begins. */
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
