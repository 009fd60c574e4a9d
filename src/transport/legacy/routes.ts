import { z } from 'zod'
import { canonicalBytes, isJsonObject } from '../../core/canonical.ts'
import type { Cid } from '../../core/cid.ts'
import type { Kind } from '../../core/contribution/schema.ts'
import { GroveError } from '../../core/errors.ts'
import { LIST_MAX, MANIFEST_MAX_BYTES, MANIFEST_MAX_ENTRIES } from '../../core/limits.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { BestEntry, BestQuery, ToldMetrics } from '../../core/wire/federation.ts'
import { blobInfoSchema } from '../../core/wire/fetch.ts'
import {
  type FrontierAnswer,
  type FrontierEntry,
  frontierAnswerSchema,
} from '../../core/wire/frontier.ts'
import type {
  BestAnswer,
  BlobAnswer,
  BlobRequest,
  ManifestAnswer,
  RequestOptions,
} from '../../ports/transport.ts'
import type { Dialler } from '../dialler.ts'
import { manifestError, peerFault } from '../faults.ts'

/** The JSON of a manifest. It may have white space and escapes that canonical bytes don't have. */
const MANIFEST_JSON_MAX_BYTES = 2 * MANIFEST_MAX_BYTES
/** A contribution as the API shows it has a cid, and may have a provenance. */
const VIEW_MAX_ENTRIES = MANIFEST_MAX_ENTRIES + 16
/** A list or a frontier of a 0.1 server as JSON. */
const LIST_MAX_BYTES = 8 * 1024 * 1024
/** The metadata of an artifact as JSON. */
const META_MAX_BYTES = 4 * 1024
/** Alternative tags for which a 0.1 server is asked, each in a request of its own. */
const TAGS_MAX = 8

const metaSchema = blobInfoSchema.pick({ sizeBytes: true })
const childrenSchema = z.array(z.looseObject({ cid: z.string() })).max(LIST_MAX)

/**
 * The routes of Grove 0.1. Manifests come as any JSON and are made canonical here; their hash shows
 * whether that gave the author's bytes.
 */
export class LegacyRoutes {
  readonly #dialler: Dialler

  constructor(dialler: Dialler) {
    this.#dialler = dialler
  }

  async manifest(peer: PeerAddress, cid: Cid, { signal }: RequestOptions): Promise<ManifestAnswer> {
    const request = {
      method: 'GET',
      path: `/api/contributions/${cid}`,
      maxBytes: MANIFEST_JSON_MAX_BYTES,
      maxEntries: VIEW_MAX_ENTRIES,
      signal,
    } as const
    try {
      return {
        bytes: canonicalOf(peer, await this.#dialler.askJson(peer, request, z.unknown())),
        sizes: undefined,
        attestations: [],
      }
    } catch (error) {
      throw manifestError(error, cid)
    }
  }

  async holds(peer: PeerAddress, cid: Cid, options: RequestOptions): Promise<true> {
    await this.manifest(peer, cid, options)
    return true
  }

  /** 0.1 has no ranges: the bytes before `offset` are read again and dropped. */
  async blob(
    peer: PeerAddress,
    request: BlobRequest,
    { signal }: RequestOptions,
  ): Promise<BlobAnswer> {
    const path = artifactPath(peer, request)
    const answer = await this.#dialler.ask(peer, {
      method: 'GET',
      path,
      maxBytes: Number.MAX_SAFE_INTEGER,
      signal,
    })
    try {
      const sizeBytes =
        answer.lengthBytes ??
        (await this.sizeOf(peer, request, signal === undefined ? {} : { signal }))
      return { sizeBytes, body: skip(answer.body, request.offset ?? 0) }
    } catch (error) {
      answer.discard()
      throw error
    }
  }

  async sizeOf(
    peer: PeerAddress,
    request: BlobRequest,
    { signal }: RequestOptions,
  ): Promise<number> {
    const path = `${artifactPath(peer, request)}/meta`
    const meta = await this.#dialler.askJson(
      peer,
      { method: 'GET', path, maxBytes: META_MAX_BYTES, signal },
      metaSchema,
    )
    return meta.sizeBytes
  }

  /** The metrics of the peer's frontier. Groves that federate have this route too. */
  async metrics(
    peer: PeerAddress,
    {
      kind,
      after,
      ...options
    }: RequestOptions & { readonly kind?: Kind; readonly after?: string | undefined },
  ): Promise<ToldMetrics> {
    const from = after === undefined ? {} : { after }
    const params = new URLSearchParams({ limit: '1', ...(kind && { kind }), ...from })
    const { byMetric, nextAfter, foremost } = await this.#frontier(peer, params, options)
    return { names: Object.keys(byMetric), next: nextAfter, foremost }
  }

  /**
   * A best list from the peer's frontier. That has no directions: unless the query has one, it is
   * guessed from the order of the values. Nor has it tags, so that each of the query's first
   * TAGS_MAX tags takes a request.
   */
  async best(peer: PeerAddress, query: BestQuery, options: RequestOptions): Promise<BestAnswer> {
    const { dimension, tags } = query
    const alternatives = tags?.slice(0, TAGS_MAX) ?? [undefined]
    const entries: BestEntry[] = []
    let longest: readonly FrontierEntry[] = []
    for (const tag of alternatives) {
      const places = await this.#places(peer, query, tag, options)
      if (places.length > longest.length) longest = places
      const rest = { tags: tag === undefined ? [] : [tag], manifestBytes: -1, artifactBytes: -1 }
      entries.push(...places.map(({ cid, value, kind }) => ({ cid, value, kind, ...rest })))
    }
    const direction = isSignal(dimension) ? 'maximize' : (query.direction ?? directionOf(longest))
    const directionGuessed = !isSignal(dimension) && query.direction === undefined
    return { dimension, direction, entries, directionGuessed, requests: alternatives.length }
  }

  /** Canonical bytes of the contributions that point at one. */
  async children(peer: PeerAddress, cid: Cid, { signal }: RequestOptions): Promise<Uint8Array[]> {
    const request = {
      method: 'GET',
      path: `/api/dag/${cid}/children`,
      maxBytes: LIST_MAX_BYTES,
      signal,
    } as const
    const views = await this.#dialler.askJson(peer, request, childrenSchema)
    return views.map((view) => canonicalOf(peer, view))
  }

  async #places(
    peer: PeerAddress,
    { dimension, kinds = [], limit }: BestQuery,
    tag: string | undefined,
    options: RequestOptions,
  ): Promise<readonly FrontierEntry[]> {
    const [kind, ...otherKinds] = kinds
    const params = new URLSearchParams()
    if (!isSignal(dimension)) params.set('metric', dimension)
    if (tag !== undefined) params.set('tags', tag)
    if (kind !== undefined && otherKinds.length === 0) params.set('kind', kind)
    params.set('limit', String(limit))
    const frontier = await this.#frontier(peer, params, options)
    const places = isSignal(dimension) ? frontier[signals[dimension]] : frontier.byMetric[dimension]
    return places?.slice(0, limit) ?? []
  }

  #frontier(
    peer: PeerAddress,
    params: URLSearchParams,
    { signal }: RequestOptions,
  ): Promise<FrontierAnswer> {
    const path = `/api/frontier?${params}`
    return this.#dialler.askJson(
      peer,
      { method: 'GET', path, maxBytes: LIST_MAX_BYTES, signal },
      frontierAnswerSchema,
    )
  }
}

const signals = {
  _adoption: 'byAdoption',
  _recency: 'byRecency',
  _review_score: 'byReviewScore',
  _reproduction: 'byReproduction',
} as const

function isSignal(dimension: string): dimension is keyof typeof signals {
  return Object.hasOwn(signals, dimension)
}

function directionOf(places: readonly { readonly value: number }[]): 'minimize' | 'maximize' {
  const first = places.at(0)?.value ?? 0
  const last = places.at(-1)?.value ?? 0
  return first > last ? 'maximize' : 'minimize'
}

function artifactPath(peer: PeerAddress, { hash, via }: BlobRequest): string {
  if (via !== undefined)
    return `/api/contributions/${via.cid}/artifacts/${encodeURIComponent(via.name)}`
  throw new GroveError(
    'absent',
    { ...peer, hash },
    { message: `${peer.address} serves blobs only as artifacts of a contribution` },
  )
}

function canonicalOf(peer: PeerAddress, view: unknown): Uint8Array {
  if (!isJsonObject(view))
    throw peerFault(peer, 'malformed', 'sent a contribution that is not a JSON object')
  const { cid: _, ...manifest } = view
  try {
    return canonicalBytes(manifest)
  } catch (cause) {
    throw peerFault(peer, 'malformed', 'sent a contribution that canonical JSON cannot hold', cause)
  }
}

async function* skip(
  body: AsyncIterable<Uint8Array>,
  count: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = count
  for await (const chunk of body) {
    if (left < chunk.byteLength) yield chunk.subarray(left)
    left = Math.max(0, left - chunk.byteLength)
  }
}
