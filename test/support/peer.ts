import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Answerer } from '../../src/api/answer/answerer.ts'
import { Exchange } from '../../src/api/http/exchange.ts'
import { type Contribution, sealDraft } from '../../src/core/contribution/contribution.ts'
import type { Draft } from '../../src/core/contribution/schema.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import { testNode } from './context.ts'

/** Answers a request in its own way; false leaves it to the honest routes. */
export type Misbehave = (request: IncomingMessage, response: ServerResponse) => boolean

export interface TestPeer extends PeerAddress, AsyncDisposable {
  /** `METHOD /path?query` of all requests so far. */
  readonly requests: string[]
  asked(text: string): number
}

export interface Holdings {
  readonly contributions?: readonly Contribution[]
  readonly blobs?: readonly Uint8Array[]
  /** By dimension, what the best list says. */
  readonly best?: Readonly<Record<string, object>>
  readonly misbehave?: Misbehave
}

const FEDERATING = { 'grove-protocol': '1' }

/**
 * Routes that the peer answers as a real grove does.
 * Its others say what the test wants, or that nothing is there.
 */
const realRoutes = ['/api/gossip/contribution/', '/api/blobs/', '/api/federation/closure']

/**
 * A grove's peer-facing routes over what it is given, on a port of its own, with a place to break
 * each of them.
 */
export async function startPeer(
  peerId: string,
  { contributions = [], blobs = [], best = {}, misbehave = () => false }: Holdings,
): Promise<TestPeer> {
  const grove = testNode()
  const { node } = grove
  for (const item of contributions)
    await node.contributions.put(item, { origin: 'local', receivedAt: node.clock.now() })
  for (const bytes of blobs) await node.blobs.put(bytes)
  const answerer = new Answerer(node)
  const requests: string[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://peer')
    requests.push(`${request.method} ${url.pathname}${url.search}`)
    if (misbehave(request, response)) return
    if (realRoutes.some((route) => url.pathname.startsWith(route)))
      void answerReally(answerer, new Exchange(request, response, node.clock))
    else if (url.pathname === '/api/federation/best')
      sendJson(response, bestOf(best, url.searchParams.get('dimension') ?? ''))
    else if (url.pathname === '/api/frontier') sendJson(response, frontierOf(best))
    else sendAbsent(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    peerId,
    address,
    requests,
    asked: (text) => requests.filter((line) => line.includes(text)).length,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await grove[Symbol.asyncDispose]()
    },
  }
}

async function answerReally(answerer: Answerer, exchange: Exchange): Promise<void> {
  const { response } = await answerer.answer(exchange)
  await exchange.send(response).catch(() => exchange.cut())
}

const bestOf = (best: Readonly<Record<string, object>>, dimension: string) =>
  best[dimension] ?? { dimension, direction: 'maximize', entries: [] }

const frontierOf = (best: Readonly<Record<string, object>>) => ({
  byMetric: Object.fromEntries(Object.keys(best).map((name) => [name, []])),
  byAdoption: [],
  byRecency: [],
  byReviewScore: [],
  byReproduction: [],
})

/** A contribution of one test author. */
export function work(summary: string, draft: Partial<Draft> = {}): Contribution {
  return sealDraft(
    { kind: 'work', mode: 'evaluation', summary, agent: { agentId: 'tester' }, ...draft },
    Date.parse('2026-01-01T00:00:00Z'),
  )
}

/** Bytes that differ by seed. */
export function someBytes(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0, state = seed; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** All that comes. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

export function sendJson(response: ServerResponse, body: unknown): void {
  response
    .writeHead(200, { ...FEDERATING, 'content-type': 'application/json' })
    .end(JSON.stringify(body))
}

export function sendAbsent(response: ServerResponse): void {
  response
    .writeHead(404, { ...FEDERATING, 'content-type': 'application/json' })
    .end('{"error":{"code":"absent","message":"not here"}}')
}
