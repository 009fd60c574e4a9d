import { z } from 'zod'
import type { Attestation } from '../contribution/attestation.ts'
import { isKeyId, SIGNATURE_PATTERN } from './ed25519.ts'
import { type MerklePath, pathBytes, siblingsIn } from './merkle.ts'
import { ORIGIN_BATCH_MAX, ORIGINS_MAX, type Origin } from './origin.ts'
import { keyIdSchema, signatureSchema } from './rotation.ts'

/** How origins travel: in a header beside a manifest, and as attestations in a closure. */

/** Characters of the header `grove-origin`. All headers together are bounded (Node: 16 KiB). */
export const ORIGIN_HEADER_MAX_CHARS = 4_096

/** The last moment of ECMAScript (Unix ms). */
const MOMENT_MAX = 8_640_000_000_000_000
const MOMENT = /^(?:0|[1-9]\d{0,15})$/
const PLACE = /^(0|[1-9]\d{0,2})\/([1-9]\d{0,2})$/
/** A path has at most 8 hashes. */
const PATH = /^[\w-]{43,342}$/

/** What a header said. */
export interface ReadOrigins {
  readonly origins: readonly Origin[]
  /** Entries that are no origins, or too many: no grove sends them. */
  readonly malformed: number
}

/** The header of some origins, as many of the first as it has room for; empty if there are none. */
export function originHeader(origins: readonly Origin[]): string {
  let header = ''
  for (const origin of origins) {
    const more = `${header === '' ? '' : ', '}${originText(origin)}`
    if (header.length + more.length > ORIGIN_HEADER_MAX_CHARS) break
    header += more
  }
  return header
}

/** The origins in a header, one a key. Nothing is verified. */
export function readOriginHeader(header: string): ReadOrigins {
  if (header.trim() === '') return { origins: [], malformed: 0 }
  if (header.length > ORIGIN_HEADER_MAX_CHARS) return { origins: [], malformed: 1 }
  const entries = header.split(',', ORIGINS_MAX + 1)
  const read = entries.slice(0, ORIGINS_MAX).map((entry) => originIn(entry.trim()))
  const origins = onePerKey(read.filter((origin) => origin !== undefined))
  return { origins, malformed: entries.length - origins.length }
}

/** An origin as an attestation. */
export function originAttestation({ peerId, at, signature, path }: Origin): Attestation {
  const said = { version: 1, type: 'origin', peerId, at, signature }
  if (path === undefined) return said
  const { index, count } = path
  return { ...said, index, count, path: Buffer.from(pathBytes(path)).toString('base64url') }
}

const attestationSchema = z.object({
  version: z.literal(1),
  type: z.literal('origin'),
  peerId: keyIdSchema,
  at: z.number().int().min(0).max(MOMENT_MAX),
  signature: signatureSchema,
  index: z.number().int().min(0).optional(),
  count: z.number().int().optional(),
  path: z.string().regex(PATH).optional(),
})

/** The origin in an attestation; undefined if it says something else. Nothing is verified. */
export function originOf(attestation: Attestation): Origin | undefined {
  const { data } = attestationSchema.safeParse(attestation)
  if (data === undefined) return undefined
  const { peerId, at, signature, index, count, path: text } = data
  if (index === undefined && count === undefined && text === undefined)
    return { peerId, at, signature }
  const path = pathOf(index ?? -1, count ?? -1, text ?? '')
  return path && { peerId, at, signature, path }
}

/** The origins among attestations, one a key. Nothing is verified. */
export function originsIn(attestations: readonly Attestation[]): Origin[] {
  return onePerKey(attestations.flatMap((attestation) => originOf(attestation) ?? []))
}

function originText({ peerId, at, signature, path }: Origin): string {
  const single = `${peerId} ${at} ${signature}`
  if (path === undefined) return single
  const hashes = Buffer.from(pathBytes(path)).toString('base64url')
  return `${single} ${path.index}/${path.count} ${hashes}`
}

function originIn(text: string): Origin | undefined {
  const [peerId, at = '', signature = '', place, hashes, ...more] = text.split(' ', 6)
  if (!isKeyId(peerId) || !MOMENT.test(at) || Number(at) > MOMENT_MAX) return undefined
  if (!SIGNATURE_PATTERN.test(signature) || more.length > 0) return undefined
  const origin = { peerId, at: Number(at), signature }
  if (place === undefined) return origin
  const [, index, count] = PLACE.exec(place) ?? []
  const path = index && pathOf(Number(index), Number(count), hashes ?? '')
  return path ? { ...origin, path } : undefined
}

function pathOf(index: number, count: number, text: string): MerklePath | undefined {
  if (!PATH.test(text) || index < 0 || index >= count) return undefined
  if (count < 2 || count > ORIGIN_BATCH_MAX) return undefined
  const bytes = Buffer.from(text, 'base64url')
  const siblings = bytes.toString('base64url') === text ? siblingsIn(bytes) : undefined
  return siblings && { index, count, siblings }
}

function onePerKey(origins: readonly Origin[]): Origin[] {
  const seen = new Set<string>()
  return origins.filter(({ peerId }) => !seen.has(peerId) && seen.add(peerId))
}
