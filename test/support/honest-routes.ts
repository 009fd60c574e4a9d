import {
  absentAnswer,
  bytesAnswer,
  FEDERATING,
  type HttpAnswer,
  jsonAnswer,
} from '../../sim/network/http.ts'
import { type Cid, hashBytes } from '../../src/core/cid.ts'
import type { Contribution } from '../../src/core/contribution/contribution.ts'

/** What a test's peer holds. */
export interface Holdings {
  readonly contributions?: readonly Contribution[]
  readonly blobs?: readonly Uint8Array[]
  /** By dimension, what the best list says. */
  readonly best?: Readonly<Record<string, object>>
}

export interface RouteRequest {
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** A grove's peer-facing routes over what it is given, each answered as the protocol says. */
export function honestRoutes({
  contributions = [],
  blobs = [],
  best = {},
}: Holdings): (request: RouteRequest) => HttpAnswer {
  const manifests = new Map(contributions.map((contribution) => [contribution.cid, contribution]))
  const held = new Map(blobs.map((bytes) => [hashBytes(bytes), bytes]))
  return (request) => {
    const url = new URL(request.path, 'http://peer')
    const [, , , third = '', fourth = ''] = url.pathname.split('/')
    if (url.pathname.startsWith('/api/gossip/contribution/'))
      return manifestAnswer(manifests.get(fourth as Cid), held)
    if (url.pathname.startsWith('/api/blobs/')) return blobAnswer(request, held.get(third as Cid))
    if (url.pathname === '/api/federation/closure') return closureAnswer(request, manifests)
    if (url.pathname === '/api/federation/best') {
      const dimension = url.searchParams.get('dimension') ?? ''
      return jsonAnswer(best[dimension] ?? { dimension, direction: 'maximize', entries: [] })
    }
    if (url.pathname === '/api/frontier')
      return metricsAnswer(Object.keys(best).filter((name) => !name.startsWith('_')))
    return absentAnswer()
  }
}

function metricsAnswer(metrics: readonly string[]): HttpAnswer {
  return jsonAnswer({
    byMetric: Object.fromEntries(metrics.map((name) => [name, []])),
    byAdoption: [],
    byRecency: [],
    byReviewScore: [],
    byReproduction: [],
  })
}

function manifestAnswer(
  contribution: Contribution | undefined,
  held: ReadonlyMap<Cid, Uint8Array>,
): HttpAnswer {
  if (contribution === undefined) return absentAnswer()
  const sizes = Object.values(contribution.manifest.artifacts).flatMap((hash) =>
    held.has(hash) ? [`${hash}=${held.get(hash)!.byteLength}`] : [],
  )
  return bytesAnswer(contribution.bytes, { 'grove-artifacts': sizes.join(',') })
}

function blobAnswer({ headers }: RouteRequest, bytes: Uint8Array | undefined): HttpAnswer {
  if (bytes === undefined) return absentAnswer()
  const [, start] = /^bytes=(\d+)-$/.exec(String(headers['range'] ?? '')) ?? []
  if (start === undefined) return bytesAnswer(bytes)
  const range = `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}`
  return { ...bytesAnswer(bytes.subarray(Number(start)), { 'content-range': range }), status: 206 }
}

function closureAnswer(
  { body }: RouteRequest,
  manifests: ReadonlyMap<Cid, Contribution>,
): HttpAnswer {
  const { cid, ancestors = 1 } = JSON.parse(body)
  if (!manifests.has(cid)) return absentAnswer()
  const around = surroundings(manifests, cid, ancestors)
  const bytes = around.reduce((sum, line) => sum + line.bytes.byteLength, 0)
  const trailer = { trailer: { sent: around.length, bytes, missing: [] } }
  const lines = [...around.map((line) => line.bytes), Buffer.from(JSON.stringify(trailer))]
  return {
    status: 200,
    headers: { ...FEDERATING, 'content-type': 'application/x-ndjson' },
    body: Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])),
  }
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
