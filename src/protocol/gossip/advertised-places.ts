import { addBounded } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Advertisement } from '../../core/ranking/advertisement.ts'
import type { DigestEntry } from '../../core/wire/gossip.ts'
import { type Announcer, heldDirection, isLocal } from './announce.ts'
import { FederatedFrontier, type IncomingDigest } from './federated-frontier.ts'
import type { FederatedItem, Heard } from './federated-items.ts'
import { PendingRequests } from './pending-requests.ts'

/** Rounds after which an advertisement that nobody repeats is forgotten. */
const ADVERTISEMENT_ROUNDS = 10
/** Cids remembered as held beyond the local frontier, and broken claims: both only spare work, so the oldest go. */
const HELD_MAX = 4_096
const RETRACTED_MAX = 1_024
/** Providers that are kept fresh of a digest that everybody repeats. */
const SOURCES_ENOUGH = 3

/**
 * What an answer from an address says. Who answers there by the name of a peer that is known to answer elsewhere may be that
 * one or may not: it counts as said in its name.
 */
export function digestFromAnswer(
  from: PeerAddress,
  known: PeerAddress | undefined,
  entries: readonly DigestEntry[],
): IncomingDigest {
  if (known === undefined || known.address === from.address)
    return { from, entries, unauthenticated: false }
  return { from: { peerId: known.peerId, address: known.address }, entries, unauthenticated: true }
}

const NO_COMMON_DIGEST = { digest: undefined, since: 0, sources: new Set<string>() }

/** What others claim, and what is remembered so that no claim causes work twice. */
export class AdvertisedPlaces {
  readonly pending = new PendingRequests()
  readonly #federated = new FederatedFrontier()
  readonly #held = new Set<Cid>()
  readonly #retracted = new Set<string>()
  readonly #lifeMs: number
  /** No claim is older than this. */
  #oldest = 0
  /** The digest that was said last, since when it has been, and by whom. */
  #common: { digest: readonly DigestEntry[] | undefined; since: number; sources: Set<string> } =
    NO_COMMON_DIGEST

  constructor(intervalMs: number) {
    this.#lifeMs = ADVERTISEMENT_ROUNDS * intervalMs
  }

  /** This is held here now. */
  markHeld(cid: Cid): void {
    addBounded(this.#held, cid, HELD_MAX)
    this.pending.markKnown(cid)
  }

  /** Drops what was claimed of the item in this peer's name; unless that was hearsay, hears no more of it from this peer. */
  retract(peerId: string, cid: Cid, unauthenticated = false): void {
    if (!unauthenticated) addBounded(this.#retracted, `${peerId} ${cid}`, RETRACTED_MAX)
    this.#federated.retract(peerId, cid)
    this.#common = NO_COMMON_DIGEST
  }

  /** Takes in what a peer claims, or what is claimed in its name; what is new of it and not held here. */
  merge(
    { from, entries: digest, unauthenticated }: IncomingDigest,
    announcer: Announcer,
    now: number,
  ): Advertisement[] {
    if (this.#isCommonplace(digest, unauthenticated ? undefined : from.peerId, now)) return []
    const entries =
      this.#retracted.size > 0
        ? digest.filter(({ cid }) => !this.#retracted.has(`${from.peerId} ${cid}`))
        : digest
    const fresh = this.#federated.merge(
      { from, entries, unauthenticated },
      { now, heldDirection: (metric) => heldDirection(announcer, metric) },
    )
    for (const { cid } of fresh) this.pending.markKnown(cid)
    return fresh.filter(({ cid }) => !this.#held.has(cid) && !isLocal(announcer, cid))
  }

  /**
   * Whether a few have just said this very digest (one that goes by its print is the same array): one more who says it
   * is one more provider of what has some, and in a quiet federation all say the same all the time. Hearsay makes nothing so.
   */
  #isCommonplace(digest: readonly DigestEntry[], peerId: string | undefined, now: number): boolean {
    const common = this.#common
    if (common.digest === digest && now - common.since < this.#lifeMs / 2) {
      if (common.sources.size >= SOURCES_ENOUGH) return true
      if (peerId !== undefined) common.sources.add(peerId)
    } else
      this.#common = { digest, since: now, sources: new Set(peerId === undefined ? [] : [peerId]) }
    return false
  }

  /** Forgets what nobody has repeated for CLAIM_ROUNDS. */
  expire(now: number): void {
    const before = now - this.#lifeMs
    if (before > this.#oldest) this.#oldest = Math.min(now, this.#federated.expire(before))
  }

  list(): FederatedItem[] {
    return this.#federated.list()
  }

  providersOf(cid: Cid): PeerAddress[] {
    return this.#federated.providersOf(cid)
  }

  /** What is advertised of this item, by whomever. */
  advertisementsOf(cid: Cid): Heard[] {
    return this.#federated.advertisementsOf(cid)
  }
}
