import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type SentEvent, serverSentEvents } from '../../../src/api/client/event-stream.ts'
import { groveClient } from '../../../src/api/client/http-client.ts'
import type { GroveEvent } from '../../../src/core/wire/events.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { plainDraft } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'

let grove: ServedNode
before(async () => {
  grove = await serveNode()
})
after(async () => grove[Symbol.asyncDispose]())

const idOf = (seq: number) => grove.node.contributions.position(seq)

/** A proxy that cuts every connection after this many bytes of answers. */
async function cuttingProxy(bytesMax: number) {
  let cuts = 0
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(grove.port, '127.0.0.1')
    let bytes = 0
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}))
    near.pipe(far)
    far.on('data', (chunk) => {
      bytes += chunk.byteLength
      near.write(chunk)
      if (bytes < bytesMax) return
      cuts++
      near.destroy()
      far.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

test('each contribution comes exactly once, in order, over cut connections', async () => {
  const each = 60
  await using proxy = await cuttingProxy(20_000)
  const reader = groveClient(proxy.url, systemClock)
  const writer = groveClient(grove.url, systemClock)
  const ended = new AbortController()
  const write = async (name: string) => {
    for (let n = 0; n < each; n++) await writer.publish({ ...plainDraft, summary: `${name} ${n}` })
  }
  const read = async () => {
    const found: string[] = []
    for await (const event of reader.events({ signal: ended.signal, after: idOf(0) })) {
      if (event.type === 'contribution') found.push(event.id)
      if (found.length === 4 * each) ended.abort()
    }
    return found
  }

  const [ids] = await Promise.all([read(), ...['a', 'b', 'c', 'd'].map(write)])

  assert.deepEqual(
    ids,
    Array.from({ length: 4 * each }, (_, n) => idOf(n + 1)),
  )
  assert.ok(proxy.cuts() > 1, `${proxy.cuts()} cuts`)
  await reader.close()
  await writer.close()
})

test('a reader that falls too far behind gets lagged as its last event', async () => {
  const total = 5_000
  const stream = await openStream('/api/events')
  stream.pause()
  const start = idOf(await grove.node.contributions.lastSeq())
  for (let n = 0; n < total; n++) {
    grove.node.events.publish({
      type: 'peer-fault',
      peerId: `peer ${n}`,
      code: 'peer-fault',
      message: 'm'.repeat(4_000),
    })
    await turn()
  }

  const events: GroveEvent[] = []
  for await (const { data } of serverSentEvents(stream))
    if (data !== undefined) events.push(JSON.parse(data))

  const last = events.at(-1)
  assert.equal(last?.type, 'lagged')
  assert.equal(last.id, start)
  assert.equal(last.dropped + events.length - 1, total)
})

test('the stream starts with the id to resume from', async () => {
  const first = await firstOf('/api/events', (event) => event.id !== undefined)

  assert.equal(first.id, idOf(await grove.node.contributions.lastSeq()))
})

test('the Last-Event-ID header overrides the query', async () => {
  const last = await grove.node.contributions.lastSeq()

  const { id } = await firstOf(`/api/events?after=${idOf(0)}`, ({ data }) => data !== undefined, {
    'last-event-id': idOf(last - 1),
  })

  assert.equal(id, idOf(last))
})

test('an id of another log is answered with a reset, and so is a header that is no id', async () => {
  const now = idOf(await grove.node.contributions.lastSeq())
  for (const [path, headers] of [
    [`/api/events?after=${'0'.repeat(16)}:5`, {}],
    ['/api/events', { 'last-event-id': 'nonsense' }],
  ] as const) {
    const { data } = await firstOf(path, (event) => event.data !== undefined, headers)

    const { type, id } = JSON.parse(data ?? '')
    assert.deepEqual([type, id], ['reset', now])
  }
})

test('a query that is no id is refused', async () => {
  const { status } = await fetch(`${grove.url}/api/events?after=nonsense`)

  assert.equal(status, 400)
})

test('HEAD is answered without a stream', async () => {
  const answer = await fetch(`${grove.url}/api/events`, { method: 'HEAD' })

  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('content-type'), 'text/event-stream')
})

test('no stream made the grove log an error', () => {
  assert.deepEqual(grove.logged, [])
})

async function openStream(path: string, headers = {}): Promise<IncomingMessage> {
  const outgoing = request(grove.url + path, { headers }).end()
  const [stream] = (await once(outgoing, 'response')) as [IncomingMessage]
  return stream
}

async function firstOf(
  path: string,
  isWanted: (event: SentEvent) => boolean,
  headers = {},
): Promise<SentEvent> {
  const stream = await openStream(path, headers)
  for await (const event of serverSentEvents(stream)) if (isWanted(event)) return event
  throw new Error('the stream ended')
}
