import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { absentAnswer, type HttpAnswer, jsonAnswer } from '../../sim/network/http.ts'
import { type Contribution, sealDraft } from '../../src/core/contribution/contribution.ts'
import type { Draft } from '../../src/core/contribution/schema.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import { type Holdings, honestRoutes } from './honest-routes.ts'
import { plainDraft } from './http.ts'

/** Answers a request instead of the honest routes; false leaves it to them. */
export type Misbehave = (request: IncomingMessage, response: ServerResponse) => boolean

interface RequestLog {
  /** `METHOD /path?query` of all requests so far. */
  readonly requests: string[]
  /** The number of requests that contain a text. */
  asked(text: string): number
}

/** A peer with a log of its requests. */
export interface TestPeer extends PeerAddress, RequestLog, AsyncDisposable {}

/** An empty log of requests. */
export function requestLog(): RequestLog {
  const requests: string[] = []
  return {
    requests,
    asked: (text) => requests.filter((line) => line.includes(text)).length,
  }
}

/** Serves a grove's routes for peers on a free port. `misbehave` may break any of them. */
export async function startPeer(
  peerId: string,
  { misbehave = () => false, ...holdings }: Holdings & { readonly misbehave?: Misbehave },
): Promise<TestPeer> {
  const routes = honestRoutes(holdings)
  const log = requestLog()
  const server = createServer(async (request, response) => {
    const { url: path = '/' } = request
    const method = request.method as 'GET' | 'HEAD' | 'POST'
    log.requests.push(`${method} ${path}`)
    if (misbehave(request, response)) return
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    )
    const body = Buffer.concat(await collect(request)).toString()
    await send(response, await routes({ method, path, headers, body }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    peerId,
    address,
    ...log,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A contribution of the test author. */
export function work(summary: string, draft: Partial<Draft> = {}): Contribution {
  return sealDraft({ ...plainDraft, summary, ...draft }, Date.parse('2026-01-01T00:00:00Z'))
}

/** Pseudo-random bytes. */
export function someBytes(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0, state = seed; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** Collects everything that a source gives. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

export function sendJson(response: ServerResponse, body: unknown): void {
  void send(response, jsonAnswer(body))
}

export function sendAbsent(response: ServerResponse): void {
  void send(response, absentAnswer())
}

export async function send(
  response: ServerResponse,
  { status, headers, body }: HttpAnswer,
): Promise<void> {
  response.writeHead(status, headers)
  if (body instanceof Uint8Array) response.end(body)
  else await pipeline(body, response).catch(() => response.destroy())
}
