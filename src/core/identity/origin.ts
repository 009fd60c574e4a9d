import { type Cid, cidToBytes, hashBytes } from '../cid.ts'
import { type Domain, isSignedBy, type KeyId, type SigningKey } from './ed25519.ts'
import { type MerklePath, merkleTree, rootOf } from './merkle.ts'

/**
 * An origin says "I published this", signed by a grove. It is no part of what is hashed, so that a
 * contribution keeps its cid, and several groves may sign one.
 */
export interface Origin {
  readonly peerId: KeyId
  /** When it was published there (Unix ms): the grove's own word. */
  readonly at: number
  /** Base64url. */
  readonly signature: string
  /** Where it is among those that the signature covers; undefined if it is the only one. */
  readonly path?: MerklePath
}

/** Contributions that one signature may cover. */
export const ORIGIN_BATCH_MAX = 256
/** Origins that are kept of one contribution, besides those of listed and blocked keys. */
export const ORIGINS_MAX = 16

const encoder = new TextEncoder()

/** What a signature is over. */
export interface ToSign {
  readonly domain: Extract<Domain, 'origin' | 'origins'>
  readonly bytes: Uint8Array
}

/** What the one signature is over by which contributions are published together. */
interface Publication extends ToSign {
  /** Their origins, in their order, once it is signed. */
  origins(peerId: KeyId, signature: string): Origin[]
}

/** Of at least one contribution, and at most ORIGIN_BATCH_MAX. */
function publicationOf(cids: readonly Cid[], at: number): Publication {
  const [only, ...others] = cids
  if (only !== undefined && others.length === 0) {
    const origins = (peerId: KeyId, signature: string) => [{ peerId, at, signature }]
    return { domain: 'origin', bytes: singleBytes(only, at), origins }
  }
  const { root, paths } = merkleTree(cids.map(cidToBytes))
  return {
    domain: 'origins',
    bytes: batchBytes(root, cids.length, at),
    origins: (peerId, signature) => paths.map((path) => ({ peerId, at, signature, path })),
  }
}

/** The origins of contributions that were published together, in their order: one signature. */
export function signOrigins(key: SigningKey, cids: readonly Cid[], at: number): Origin[] {
  const { domain, bytes, origins } = publicationOf(cids, at)
  return origins(key.peerId, key.sign(domain, bytes))
}

/** Whether the grove that an origin names has signed it for this contribution. */
export function isOriginOf(cid: Cid, origin: Origin): boolean {
  const said = saidBy(cid, origin)
  return said !== undefined && isSignedBy(origin.peerId, { ...said, signature: origin.signature })
}

/**
 * What an origin's signature is over; undefined if its path leads nowhere. Origins of one
 * publication have it in common.
 */
export function saidBy(cid: Cid, { at, path }: Pick<Origin, 'at' | 'path'>): ToSign | undefined {
  if (path === undefined) return { domain: 'origin', bytes: singleBytes(cid, at) }
  const root = rootOf(cidToBytes(cid), path)
  return root && { domain: 'origins', bytes: batchBytes(root, path.count, at) }
}

/** What is made of the key of an origin, as far as it matters for whether that is kept. */
export interface KeptKeys {
  readonly isListed: (peerId: KeyId) => boolean
  /** Default: none is. */
  readonly isBlocked?: (peerId: KeyId) => boolean
}

/**
 * Which origins of a contribution are kept, the foremost first: all of listed keys, the first
 * ORIGINS_MAX of others that are not blocked, and the first ORIGINS_MAX of all, whatever is made of
 * them. The first are those whose keys hash least with the cid. So nobody crowds out a listed key,
 * blocking makes room for others, and groves that heard the same have the same first ones, in
 * whatever order it came and whoever is listed or blocked there.
 */
export function originsKept<T extends Pick<Origin, 'peerId'>>(
  cid: Cid,
  origins: readonly T[],
  { isListed, isBlocked = () => false }: KeptKeys,
): T[] {
  if (origins.length <= 1) return [...origins]
  const ranked = inOrder(cid, origins)
  const first = new Set(ranked.slice(0, ORIGINS_MAX))
  const listed = ranked.filter(({ peerId }) => isListed(peerId))
  const others = ranked.filter(({ peerId }) => !isListed(peerId) && !isBlocked(peerId))
  const blocked = ranked.filter(({ peerId }) => !isListed(peerId) && isBlocked(peerId))
  return [
    ...listed,
    ...others.filter((origin, n) => n < ORIGINS_MAX || first.has(origin)),
    ...blocked.filter((origin) => first.has(origin)),
  ]
}

const inOrder = <T extends Pick<Origin, 'peerId'>>(cid: Cid, origins: readonly T[]): T[] =>
  origins
    .map((origin) => ({ origin, rank: hashBytes(encoder.encode(`${cid} ${origin.peerId}`)) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ origin }) => origin)

const singleBytes = (cid: Cid, at: number): Uint8Array => encoder.encode(`${cid}\n${at}`)

/** The count is signed, too: it fixes the shape of the tree. */
const batchBytes = (root: Uint8Array, count: number, at: number): Uint8Array =>
  encoder.encode(`${Buffer.from(root).toString('hex')}\n${count}\n${at}`)
