import { remember } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import type { DigestEntry } from '../../core/wire/wire.ts'
import type { Claim, PeerAddress } from '../messages.ts'
import { type Announcer, heldDirection, isLocal } from './announce.ts'
import {
  CLAIM_ROUNDS,
  claimsOf,
  createFederated,
  expireClaims,
  type FederatedItem,
  listFederated,
  mergeDigest,
  providersOf,
  retract,
} from './federated.ts'
import { News } from './news.ts'

/** Cids remembered as held beyond the local frontier, and broken claims: both only spare work, so the oldest go. */
const HELD_MAX = 4_096
const BROKEN_MAX = 1_024
/** Providers that are kept fresh of a digest that everybody repeats. */
const SAYERS_ENOUGH = 3

/** A digest and in whose name it came: by hearsay where anybody may have sent it. */
export interface Heard {
  readonly from: PeerAddress
  readonly entries: readonly DigestEntry[]
  readonly hearsay: boolean
}

/**
 * What an answer from an address says. Who answers there by the name of a peer that is known to answer elsewhere may be that
 * one or may not: it counts as said in its name.
 */
export function answered(from: PeerAddress, known: PeerAddress | undefined, entries: readonly DigestEntry[]): Heard {
  if (known === undefined || known.address === from.address) return { from, entries, hearsay: false }
  return { from: { peerId: known.peerId, address: known.address }, entries, hearsay: true }
}

const NOTHING_COMMON = { digest: undefined, since: 0, sayers: new Set<string>() }

/** What others claim, and what is remembered so that no claim causes work twice. */
export class Claims {
  readonly news = new News()
  readonly #federated = createFederated()
  readonly #held = new Set<Cid>()
  readonly #broken = new Set<string>()
  readonly #lifeMs: number
  /** No claim is older than this. */
  #oldest = 0
  /** The digest that was said last, since when it has been, and by whom. */
  #common: { digest: readonly DigestEntry[] | undefined; since: number; sayers: Set<string> } = NOTHING_COMMON

  constructor(intervalMs: number) {
    this.#lifeMs = CLAIM_ROUNDS * intervalMs
  }

  /** This is held here now. */
  hold(cid: Cid): void {
    remember(this.#held, cid, HELD_MAX)
    this.news.heardOf(cid)
  }

  /** Drops what was claimed of the item in this peer's name; unless that was hearsay, hears no more of it from this peer. */
  break(peerId: string, cid: Cid, hearsay = false): void {
    if (!hearsay) remember(this.#broken, `${peerId} ${cid}`, BROKEN_MAX)
    retract(this.#federated, peerId, cid)
    this.#common = NOTHING_COMMON
  }

  /** Takes in what a peer claims, or what is claimed in its name; what is new of it and not held here. */
  merge({ from, entries: digest, hearsay }: Heard, announcer: Announcer, now: number): Claim[] {
    if (this.#isCommonplace(digest, hearsay ? undefined : from.peerId, now)) return []
    const entries =
      this.#broken.size > 0 ? digest.filter(({ cid }) => !this.#broken.has(`${from.peerId} ${cid}`)) : digest
    const direction = (metric: string) => heldDirection(announcer, metric)
    const fresh = mergeDigest(this.#federated, { from, entries, now, hearsay, heldDirection: direction })
    for (const { cid } of fresh) this.news.heardOf(cid)
    return fresh.filter(({ cid }) => !this.#held.has(cid) && !isLocal(announcer, cid))
  }

  /**
   * Whether a few have just said this very digest (one that goes by its print is the same array): one more who says it
   * is one more provider of what has some, and in a quiet federation all say the same all the time. Hearsay makes nothing so.
   */
  #isCommonplace(digest: readonly DigestEntry[], peerId: string | undefined, now: number): boolean {
    const common = this.#common
    if (common.digest === digest && now - common.since < this.#lifeMs / 2) {
      if (common.sayers.size >= SAYERS_ENOUGH) return true
      if (peerId !== undefined) common.sayers.add(peerId)
    } else this.#common = { digest, since: now, sayers: new Set(peerId === undefined ? [] : [peerId]) }
    return false
  }

  /** Forgets what nobody has repeated for CLAIM_ROUNDS. */
  expire(now: number): void {
    const before = now - this.#lifeMs
    if (before > this.#oldest) this.#oldest = Math.min(now, expireClaims(this.#federated, before))
  }

  list(): FederatedItem[] {
    return listFederated(this.#federated)
  }

  providersOf(cid: Cid): PeerAddress[] {
    return providersOf(this.#federated, cid)
  }

  /** Each claim about this item with its author. */
  of(cid: Cid): { peer: PeerAddress; claim: Claim }[] {
    return claimsOf(this.#federated, cid)
  }
}
