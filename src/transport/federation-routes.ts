import type { Cid } from '../core/cid.ts'
import type { Rotation } from '../core/identity/rotation.ts'
import { CLOSURE_MAX_BYTES, MANIFEST_MAX_BYTES } from '../core/limits.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import {
  ALONG_HEADER,
  ALONG_LINES,
  alongText,
  CLOSURE_FORM_HEADER,
  CLOSURE_RECORDS,
} from '../core/wire/closure.ts'
import {
  type AboutAnswer,
  type AboutRequest,
  aboutAnswerSchema,
  type BestList,
  type BestQuery,
  bestListSchema,
  type ClosureRequest,
  type OriginsAnswer,
  type OriginsRequest,
  originsAnswerSchema,
} from '../core/wire/federation.ts'
import { type GroveIdentity, groveIdentitySchema } from '../core/wire/identity.ts'
import {
  type JoinAnswer,
  type JoinRequest,
  joinAnswerSchema,
  type MembersAnswer,
  membersAnswerSchema,
  rotatedAnswerSchema,
} from '../core/wire/join.ts'
import { VIA_HEADER } from '../core/wire/leaf.ts'
import type {
  BlobAnswer,
  BlobRequest,
  ClosureAnswer,
  ManifestAnswer,
  RequestOptions,
  Transport,
} from '../ports/transport.ts'
import {
  ARTIFACTS_HEADER,
  attestationsIn,
  ORIGIN_HEADER,
  parseSizes,
  sizeOfAnswer,
} from './answer-headers.ts'
import { readBody } from './body.ts'
import { alongLines, closureLines } from './closure-lines.ts'
import type { Dialler } from './dialler.ts'
import { manifestError, peerFault } from './faults.ts'

/** Characters that the encoded tags of one best query may take. Servers take 8 KiB at the least. */
const TAGS_MAX_CHARS = 4_096
/** Characters of a comma in a query. */
const ENCODED_COMMA_CHARS = 3
/** Body of one best list. No query asks for 1,000 entries with all their tags, which is larger. */
const BEST_MAX_BYTES = 4 * 1024 * 1024
/** Body of an identity with all its changes of key. */
export const IDENTITY_MAX_BYTES = 32 * 1024
/** Body of a list of members with the changes of its signer's key. */
const MEMBERS_MAX_BYTES = 1024 * 1024
/** Body of the answer to a grove that leaves, or that shows another key. */
const SHORT_MAX_BYTES = 1_024
/** Body of the answer to one question about contributions: 500 ids with their fingerprints. */
const ABOUT_MAX_BYTES = 128 * 1024
/** Body of the answer to one question about who has signed contributions. */
const ORIGINS_MAX_BYTES = 1024 * 1024
/** Routes that 0.1 doesn't have, whose answers groves sign whole. */
const sealed = { extension: true, isSealed: true } as const
/** What comes along with a manifest: artifacts in base64 and lines, each with its bound. */
const ALONG_BODY_MAX_BYTES = 192 * 1024
/** What a closure may have beside manifests and attestations: the trailer, and about its lines. */
const CLOSURE_SLACK_BYTES = 256 * 1024

/**
 * The routes of groves that federate (PROTOCOL.md#routes). All throw `UnknownRouteError` if the
 * peer is none.
 */
export class FederationRoutes {
  readonly #dialler: Dialler

  constructor(dialler: Dialler) {
    this.#dialler = dialler
  }

  async identity(peer: PeerAddress, { signal }: RequestOptions): Promise<GroveIdentity> {
    const path = '/api/identity'
    return this.#dialler.askJson(
      peer,
      { method: 'GET', path, maxBytes: IDENTITY_MAX_BYTES, extension: true, signal },
      groveIdentitySchema,
    )
  }

  async join(
    peer: PeerAddress,
    request: JoinRequest,
    { signal }: RequestOptions,
  ): Promise<JoinAnswer> {
    const call = { method: 'POST', path: '/api/federation/join', json: request } as const
    return this.#dialler.askJson(
      peer,
      { ...call, maxBytes: MEMBERS_MAX_BYTES, extension: true, signal },
      joinAnswerSchema,
    )
  }

  async leave(peer: PeerAddress, { signal }: RequestOptions): Promise<void> {
    const call = { method: 'POST', path: '/api/federation/leave', json: {} } as const
    const answer = await this.#dialler.ask(peer, {
      ...call,
      maxBytes: SHORT_MAX_BYTES,
      extension: true,
      signal,
    })
    answer.discard()
  }

  async rotated(
    peer: PeerAddress,
    rotations: readonly Rotation[],
    { signal }: RequestOptions,
  ): Promise<boolean> {
    const path = '/api/federation/rotated'
    const call = { method: 'POST', path, json: { rotations } } as const
    const { isKnown } = await this.#dialler.askJson(
      peer,
      { ...call, maxBytes: SHORT_MAX_BYTES, extension: true, signal },
      rotatedAnswerSchema,
    )
    return isKnown
  }

  async members(
    peer: PeerAddress,
    after: number,
    { signal }: RequestOptions,
  ): Promise<MembersAnswer> {
    const path = `/api/federation/members?after=${after}`
    return this.#dialler.askJson(
      peer,
      { method: 'GET', path, maxBytes: MEMBERS_MAX_BYTES, extension: true, signal },
      membersAnswerSchema,
    )
  }

  async manifest(
    peer: PeerAddress,
    cid: Cid,
    { signal, along }: Parameters<Transport['manifest']>[2] & {},
  ): Promise<ManifestAnswer> {
    try {
      const answer = await this.#dialler.ask(peer, {
        method: 'GET',
        path: `/api/gossip/contribution/${cid}`,
        headers: along === undefined ? {} : { [ALONG_HEADER]: alongText(along) },
        maxBytes: MANIFEST_MAX_BYTES + (along === undefined ? 0 : ALONG_BODY_MAX_BYTES),
        extension: true,
        signal,
      })
      const isAlong = along !== undefined && answer.headers[ALONG_HEADER] === ALONG_LINES
      const body = isAlong
        ? await alongLines(peer, answer.body)
        : { bytes: await readBody(answer.body) }
      return {
        ...body,
        sizes: parseSizes(String(answer.headers[ARTIFACTS_HEADER] ?? '')),
        attestations: attestationsIn(String(answer.headers[ORIGIN_HEADER] ?? '')),
      }
    } catch (error) {
      throw manifestError(error, cid)
    }
  }

  async holds(peer: PeerAddress, cid: Cid, { signal }: RequestOptions): Promise<true> {
    await this.#dialler.ask(peer, {
      method: 'HEAD',
      path: `/api/gossip/contribution/${cid}`,
      maxBytes: MANIFEST_MAX_BYTES,
      extension: true,
      signal,
    })
    return true
  }

  async blob(
    peer: PeerAddress,
    { hash, via, offset = 0 }: BlobRequest,
    { signal }: RequestOptions,
  ): Promise<BlobAnswer> {
    const range = offset === 0 ? {} : { range: `bytes=${offset}-` }
    const headers = { ...range, ...viaHeader(via) }
    const request = {
      method: 'GET',
      path: `/api/blobs/${hash}`,
      maxBytes: Number.MAX_SAFE_INTEGER,
      extension: true,
      headers,
      signal,
    } as const
    const answer = await this.#dialler.ask(peer, request)
    try {
      return { sizeBytes: sizeOfAnswer(peer, answer, offset), body: answer.body }
    } catch (fault) {
      answer.discard()
      throw fault
    }
  }

  async sizeOf(
    peer: PeerAddress,
    { hash, via }: BlobRequest,
    { signal }: RequestOptions,
  ): Promise<number> {
    const request = {
      method: 'HEAD',
      path: `/api/blobs/${hash}`,
      headers: viaHeader(via),
      maxBytes: Number.MAX_SAFE_INTEGER,
      extension: true,
      signal,
    } as const
    const { lengthBytes } = await this.#dialler.ask(peer, request)
    if (lengthBytes === undefined)
      throw peerFault(peer, 'wrong-length', 'does not state the size of a blob')
    return lengthBytes
  }

  /** A best list. No more of it is taken than was asked for: every entry costs a round time. */
  async best(peer: PeerAddress, query: BestQuery, { signal }: RequestOptions): Promise<BestList> {
    const path = `/api/federation/best?${queryOf(query)}`
    const list = await this.#dialler.askJson(
      peer,
      { ...sealed, method: 'GET', path, maxBytes: BEST_MAX_BYTES, signal },
      bestListSchema,
    )
    return { ...list, entries: list.entries.slice(0, query.limit) }
  }

  async about(
    peer: PeerAddress,
    request: AboutRequest,
    { signal }: RequestOptions,
  ): Promise<AboutAnswer> {
    const path = '/api/federation/about'
    return this.#dialler.askJson(
      peer,
      { ...sealed, method: 'POST', path, json: request, maxBytes: ABOUT_MAX_BYTES, signal },
      aboutAnswerSchema,
    )
  }

  async origins(
    peer: PeerAddress,
    request: OriginsRequest,
    { signal }: RequestOptions,
  ): Promise<OriginsAnswer> {
    const path = '/api/federation/origins'
    return this.#dialler.askJson(
      peer,
      { ...sealed, method: 'POST', path, json: request, maxBytes: ORIGINS_MAX_BYTES, signal },
      originsAnswerSchema,
    )
  }

  async closure(
    peer: PeerAddress,
    request: ClosureRequest,
    { signal }: RequestOptions,
  ): Promise<ClosureAnswer> {
    const path = '/api/federation/closure'
    const maxBytes = CLOSURE_MAX_BYTES + CLOSURE_SLACK_BYTES
    const { headers, body } = await this.#dialler.ask(peer, {
      method: 'POST',
      path,
      json: request,
      headers: { [CLOSURE_FORM_HEADER]: CLOSURE_RECORDS },
      maxBytes,
      extension: true,
      signal,
    })
    return closureLines(peer, body, headers[CLOSURE_FORM_HEADER] === CLOSURE_RECORDS)
  }
}

/** A hub asks its leaves for artifacts of contributions that it holds. */
const viaHeader = (via: BlobRequest['via']): Readonly<Record<string, string>> =>
  via === undefined ? {} : { [VIA_HEADER]: via.cid }

function queryOf(query: BestQuery): URLSearchParams {
  const { tags, kinds, ...rest } = query
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(rest))
    if (value !== undefined) params.set(key, String(value))
  if (kinds !== undefined) params.set('kinds', kinds.join(','))
  const listed = tags === undefined ? [] : listable(tags)
  if (listed.length > 0 || tags?.length === 0) params.set('tags', listed.join(','))
  return params
}

/**
 * The tags that fit into a query. An item needs only one of them, so that leaving some out is
 * allowed; the caller checks the tags of what it gets.
 */
function listable(tags: readonly string[]): string[] {
  let chars = 0
  return tags.filter((tag) => {
    // Not by encodeURIComponent, which throws on half of a surrogate pair.
    const written = `${new URLSearchParams({ '': tag })}`.length
    const fits = !tag.includes(',') && chars + written <= TAGS_MAX_CHARS
    if (fits) chars += written + ENCODED_COMMA_CHARS
    return fits
  })
}
