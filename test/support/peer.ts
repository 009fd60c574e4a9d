import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Cid, hashBytes } from '../../src/core/cid.ts'
import { type Contribution, sealDraft } from '../../src/core/contribution/contribution.ts'
import type { Draft } from '../../src/core/contribution/schema.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'

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

/** A grove's peer-facing routes over what it is given, on a port of its own, with a place to break each of them. */
export async function startPeer(
  peerId: string,
  { contributions = [], blobs = [], best = {}, misbehave = () => false }: Holdings,
): Promise<TestPeer> {
  const manifests = new Map(contributions.map((contribution) => [contribution.cid, contribution]))
  const held = new Map(blobs.map((bytes) => [hashBytes(bytes), bytes]))
  const requests: string[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://peer')
    requests.push(`${request.method} ${url.pathname}${url.search}`)
    if (misbehave(request, response)) return
    const [, , , third = ''] = url.pathname.split('/')
    if (url.pathname.startsWith('/api/gossip/contribution/'))
      sendManifest(response, manifests.get(url.pathname.split('/')[4] as Cid), held)
    else if (url.pathname.startsWith('/api/blobs/'))
      sendBlob(request, response, held.get(third as Cid))
    else if (url.pathname === '/api/federation/closure')
      void sendClosure(request, response, manifests)
    else if (url.pathname === '/api/federation/best')
      sendJson(
        response,
        best[url.searchParams.get('dimension') ?? ''] ?? {
          dimension: url.searchParams.get('dimension'),
          direction: 'maximize',
          entries: [],
        },
      )
    else if (url.pathname === '/api/frontier')
      sendJson(response, {
        byMetric: Object.fromEntries(Object.keys(best).map((name) => [name, []])),
        byAdoption: [],
        byRecency: [],
        byReviewScore: [],
        byReproduction: [],
      })
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
    },
  }
}

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

function sendManifest(
  response: ServerResponse,
  contribution: Contribution | undefined,
  held: ReadonlyMap<Cid, Uint8Array>,
): unknown {
  if (contribution === undefined) return sendAbsent(response)
  const sizes = Object.values(contribution.manifest.artifacts).flatMap((hash) =>
    held.has(hash) ? [`${hash}=${held.get(hash)!.byteLength}`] : [],
  )
  return response
    .writeHead(200, {
      ...FEDERATING,
      'content-length': contribution.bytes.byteLength,
      'grove-artifacts': sizes.join(','),
    })
    .end(contribution.bytes)
}

function sendBlob(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array | undefined,
): unknown {
  if (bytes === undefined) return sendAbsent(response)
  const [, start] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? []
  if (start === undefined) {
    return response.writeHead(200, { ...FEDERATING, 'content-length': bytes.byteLength }).end(bytes)
  }
  const part = bytes.subarray(Number(start))
  const range = `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}`
  return response
    .writeHead(206, { ...FEDERATING, 'content-length': part.byteLength, 'content-range': range })
    .end(part)
}

async function sendClosure(
  request: IncomingMessage,
  response: ServerResponse,
  manifests: ReadonlyMap<Cid, Contribution>,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { cid, ancestors = 1 } = JSON.parse(Buffer.concat(chunks).toString())
  if (!manifests.has(cid)) return sendAbsent(response)
  const lines = surroundings(manifests, cid, ancestors)
  const bytes = lines.reduce((sum, line) => sum + line.bytes.byteLength, 0)
  response.writeHead(200, { ...FEDERATING, 'content-type': 'application/x-ndjson' })
  for (const line of lines) response.write(Buffer.concat([line.bytes, Buffer.from('\n')]))
  response.end(`${JSON.stringify({ trailer: { sent: lines.length, bytes, missing: [] } })}\n`)
}

function surroundings(
  manifests: ReadonlyMap<Cid, Contribution>,
  cid: Cid,
  depth: number,
): Contribution[] {
  const above = (from: Cid, left: number): Contribution[] =>
    (manifests.get(from)?.manifest.relations ?? []).flatMap(({ targetCid, relationType }) => {
      const parent =
        left > 0 && relationType === 'derives_from' ? manifests.get(targetCid) : undefined
      return parent === undefined ? [] : [...above(targetCid, left - 1), parent]
    })
  const about = [...manifests.values()].filter(({ manifest }) =>
    manifest.relations.some(
      (relation) => relation.targetCid === cid && relation.relationType !== 'derives_from',
    ),
  )
  return [...new Set([...above(cid, depth), ...about])]
}
