import { BoundedSet } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import { mustHold } from '../../core/invariant.ts'
import type { Hosts } from '../../core/peers/hosts.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Advertisement } from '../../core/ranking/advertisement.ts'
import type { DigestEntry } from '../../core/wire/gossip.ts'
import { FederatedFrontier, type IncomingDigest } from './federated-frontier.ts'
import type { FederatedItem, Heard } from './federated-items.ts'
import type { LocalFrontier } from './local-frontier.ts'

/** Rounds after which an advertisement expires unless it is repeated. */
const ADVERTISEMENT_ROUNDS = 10
/** Held items and retracted advertisements remembered. They only save work: the oldest go first. */
const HELD_MAX = 4_096
const RETRACTED_MAX = 1_024
/** Peers that refresh their advertisements while all repeat the same digest. */
const SOURCES_ENOUGH = 3

/**
 * The digest of an answer. An answer in the name of a peer that is known at another address is
 * unauthenticated: it may come from that peer, or from an impostor.
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

/** The digest that was heard last, since when (Unix ms), and the peers that sent it. */
interface CommonDigest {
  readonly digest: readonly DigestEntry[] | undefined
  readonly since: number
  readonly sources: Set<string>
}

const NO_COMMON_DIGEST: CommonDigest = { digest: undefined, since: 0, sources: new Set() }

/** What peers advertise, and what is remembered so that no advertisement causes work twice. */
export class AdvertisedPlaces {
  readonly #local: LocalFrontier
  readonly #lifeMs: number
  readonly #federated: FederatedFrontier
  readonly #held = new BoundedSet<Cid>(HELD_MAX)
  readonly #retracted = new BoundedSet<string>(RETRACTED_MAX)
  /** No advertisement is older than this. */
  #oldest = 0
  #common = NO_COMMON_DIGEST

  constructor(local: LocalFrontier, intervalMs: number, hosts?: Hosts) {
    this.#federated = new FederatedFrontier(hosts)
    this.#local = local
    this.#lifeMs = ADVERTISEMENT_ROUNDS * intervalMs
  }

  /** The item is held here now. */
  markHeld(cid: Cid): void {
    this.#held.add(cid)
  }

  isHeld(cid: Cid): boolean {
    return this.#held.has(cid) || this.#local.entryOf(cid) !== undefined
  }

  checkInvariants(): void {
    this.#federated.checkInvariants()
    mustHold(this.#held.size <= HELD_MAX, 'items remembered as held are within bounds')
    mustHold(this.#retracted.size <= RETRACTED_MAX, 'retracted advertisements are within bounds')
  }

  /**
   * Drops what was advertised of the item in this peer's name. Unless that was unauthenticated, the
   * peer's advertisements of the item are ignored from now on.
   */
  retract(peerId: string, cid: Cid, unauthenticated = false): void {
    if (!unauthenticated) this.#retracted.add(`${peerId} ${cid}`)
    this.#federated.retract(peerId, cid)
    this.#common = NO_COMMON_DIGEST
  }

  /** Merges a digest, and returns the advertisements that are new or have moved an item. */
  merge({ from, entries: digest, unauthenticated }: IncomingDigest, now: number): Advertisement[] {
    if (this.#isCommonplace(digest, unauthenticated ? undefined : from.peerId, now)) return []
    const entries =
      this.#retracted.size > 0
        ? digest.filter(({ cid }) => !this.#retracted.has(`${from.peerId} ${cid}`))
        : digest
    const heldDirection = (metric: string) => this.#local.directionOf(metric)
    return this.#federated.merge({ from, entries, unauthenticated }, { now, heldDirection })
  }

  /**
   * True if 3 peers just sent this very digest (one that goes by its fingerprint is the same
   * array): merging it again would only refresh one more provider, and in a quiet federation all
   * peers repeat one digest all the time. Unauthenticated digests don't count.
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

  /** Forgets the advertisements that were not repeated for ADVERTISEMENT_ROUNDS. */
  expire(now: number): void {
    const before = now - this.#lifeMs
    if (before > this.#oldest) this.#oldest = Math.min(now, this.#federated.expire(before))
  }

  /** All items, without the advertisements that the next round forgets. Changes nothing. */
  list(now: number): FederatedItem[] {
    return this.#federated.list(now - this.#lifeMs)
  }

  providersOf(cid: Cid): PeerAddress[] {
    return this.#federated.providersOf(cid)
  }

  /** All advertisements of this item. */
  advertisementsOf(cid: Cid): Heard[] {
    return this.#federated.advertisementsOf(cid)
  }
}
