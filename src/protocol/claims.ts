import type { Cid } from '../core/cid.ts'
import type { DigestEntry } from '../core/wire.ts'
import { type Announcer, heldDirection, isLocal } from './announce.ts'
import { remember } from './bounded.ts'
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
import type { Claim, PeerAddress } from './messages.ts'
import { News } from './news.ts'

/** Cids remembered as held beyond the local frontier, and broken claims: both only spare work, so the oldest go. */
const HELD_MAX = 4_096
const BROKEN_MAX = 1_024

/** A digest and in whose name it came: by hearsay where anybody may have sent it. */
export interface Heard {
  readonly from: PeerAddress
  readonly entries: readonly DigestEntry[]
  readonly hearsay: boolean
}

/** What others claim, and what is remembered so that no claim causes work twice. */
export class Claims {
  readonly news = new News()
  readonly #federated = createFederated()
  readonly #held = new Set<Cid>()
  readonly #broken = new Set<string>()
  readonly #lifeMs: number

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
  }

  /** Takes in what a peer claims, or what is claimed in its name; what is new of it and not held here. */
  merge({ from, entries: digest, hearsay }: Heard, announcer: Announcer, now: number): Claim[] {
    const entries = digest.filter((entry) => !this.#broken.has(`${from.peerId} ${entry.cid}`))
    const direction = (metric: string) => heldDirection(announcer, metric)
    const fresh = mergeDigest(this.#federated, { from, entries, now, hearsay, heldDirection: direction })
    for (const { cid } of fresh) this.news.heardOf(cid)
    return fresh.filter(({ cid }) => !this.#held.has(cid) && !isLocal(announcer, cid))
  }

  /** Forgets what nobody has repeated for CLAIM_ROUNDS. */
  expire(now: number): void {
    expireClaims(this.#federated, now - this.#lifeMs)
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
