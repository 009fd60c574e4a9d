import type { Cid } from '../../core/cid.ts'
import type { Direction } from '../../core/contribution/schema.ts'
import { type Hosts, shareKey, UNTOLD_HOSTS } from '../../core/peers/hosts.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Advertisement } from '../../core/ranking/advertisement.ts'
import { isReservedMetric, isSignalMetric } from '../../core/ranking/frontier.ts'
import type { DigestEntry } from '../../core/wire/gossip.ts'
import {
  compareRecency,
  type FederatedItem,
  FederatedItems,
  type Heard,
  type Item,
} from './federated-items.ts'

/** Characters of all tags kept of an item. They only help to choose. */
const TAGS_MAX_CHARS = 1_024

/** A digest, and the peer in whose name it came. */
export interface IncomingDigest {
  readonly from: PeerAddress
  readonly entries: readonly DigestEntry[]
  /** Whether anybody may have sent it in that name. */
  readonly unauthenticated: boolean
}

/** The circumstances in which a digest arrives. */
export interface Arrival {
  readonly now: number
  /** The direction of a metric in the local frontier. It prevails over what peers say. */
  readonly heldDirection: (metric: string) => Direction | undefined
}

/**
 * What peers advertise as the best, by metric, direction and cid; none of it is verified. A
 * direction never changes: advertisements that disagree on it are of different items.
 */
export class FederatedFrontier {
  readonly #items = new FederatedItems()
  readonly #hosts: Hosts

  constructor(hosts: Hosts = UNTOLD_HOSTS) {
    this.#hosts = hosts
  }

  get size(): number {
    return this.#items.size
  }

  /**
   * Merges a digest, and returns the advertisements that are new or have moved an item. An entry
   * without direction (0.1 leaves it out when it relays) takes the one known for its metric: of
   * two, the one that more hosts advertise, also by this very digest. Without any it is ignored.
   */
  merge(
    { from, entries, unauthenticated }: IncomingDigest,
    { now, heldDirection }: Arrival,
  ): Advertisement[] {
    const fresh: Advertisement[] = []
    const host = shareKey(this.#hosts, from.address)
    const guesses = new Map<string, Direction | undefined>()
    for (const entry of directedFirst(entries)) {
      const { metric, cid, value, tags } = entry
      if (!isValid(entry)) continue
      const direction =
        entry.direction ?? heldDirection(metric) ?? this.#directionOf(metric, guesses)
      if (direction === undefined) continue
      const directionGuessed = entry.direction === undefined
      const basis = { unauthenticated, directionGuessed }
      const heard = { metric, direction, cid, value, from, host, lastAdvertised: now, ...basis }
      const own = this.#take(heard, tags)
      if (own !== undefined) fresh.push({ ...entry, direction, value: own.value, from, ...basis })
    }
    return fresh
  }

  /**
   * Forgets the advertisements last made before that moment. Returns when the oldest of the others
   * was made (Infinity without any). O(items).
   */
  expire(before: number): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const item of this.#items) oldest = Math.min(oldest, this.#expireItem(item, before))
    return oldest
  }

  /** Forgets what this peer advertises of this item. */
  retract(peerId: string, cid: Cid): void {
    for (const item of this.#items.about(cid)) this.#items.withdraw(item, peerId)
  }

  /** The peers that advertise this item, most recent first. */
  providersOf(cid: Cid): PeerAddress[] {
    const byRecency = this.advertisementsOf(cid).sort(compareRecency)
    return [...new Map(byRecency.map(({ from }) => [from.peerId, from])).values()]
  }

  /** All advertisements of this item. */
  advertisementsOf(cid: Cid): Heard[] {
    return this.#items.about(cid).flatMap(({ advertisements }) => advertisements)
  }

  /**
   * Copies of all items as they are without the advertisements last made before that moment
   * (Unix ms): metrics in the order of their names, each direction best first. O(n log n).
   */
  list(since = Number.NEGATIVE_INFINITY): FederatedItem[] {
    return this.#items.sorted(since)
  }

  checkInvariants(): void {
    this.#items.checkInvariants()
  }

  /** Takes one advertisement. Returns what the peer now says, if that has moved the item. */
  #take(heard: Heard, tags: readonly string[] | undefined): Heard | undefined {
    const before = this.#items.get(heard)?.value
    const item = this.#items.enter(heard, heard.lastAdvertised)
    if (item.tags.length === 0) item.tags = keptTags(tags)
    this.#items.advertise(item, strongest(item, withRecency(heard, item.firstSeen)))
    if (this.#items.get(heard) !== item || item.value === before) return undefined
    return item.advertisements.find(({ from }) => from.peerId === heard.from.peerId)
  }

  #expireItem(item: Item, before: number): number {
    // Most recent first: the last is the oldest.
    let last = item.advertisements.at(-1)
    while (last !== undefined && last.lastAdvertised < before) {
      this.#items.withdraw(item, last.from.peerId)
      last = item.advertisements.at(-1)
    }
    return last?.lastAdvertised ?? Number.POSITIVE_INFINITY
  }

  /** The direction that most hosts advertise for a metric, as it was when it was asked first. */
  #directionOf(metric: string, guesses: Map<string, Direction | undefined>): Direction | undefined {
    if (isSignalMetric(metric)) return 'maximize'
    if (!guesses.has(metric)) guesses.set(metric, guessFrom(this.#items.hostsIn(metric)))
    return guesses.get(metric)
  }
}

function guessFrom(hosts: Readonly<Record<Direction, number>> | undefined): Direction | undefined {
  return hosts && (hosts.maximize > hosts.minimize ? 'maximize' : 'minimize')
}

function directedFirst(entries: readonly DigestEntry[]): readonly DigestEntry[] {
  const undirected = entries.filter((entry) => entry.direction === undefined)
  if (undirected.length === 0) return entries
  return [...entries.filter((entry) => entry.direction !== undefined), ...undirected]
}

/** A finite value, and no reserved metric but a signal in its direction. */
function isValid({ metric, value, direction }: DigestEntry): boolean {
  if (!Number.isFinite(value)) return false
  return !isReservedMetric(metric) || (isSignalMetric(metric) && direction !== 'minimize')
}

/** Recency ranks by the item's date, but never later than it was first seen here. */
function withRecency(heard: Heard, firstSeen: number): Heard {
  return heard.metric === '_recency' && heard.value > firstSeen
    ? { ...heard, value: firstSeen }
    : heard
}

/** What is only said in a peer's name neither changes nor weakens its own word about a metric. */
function strongest(item: Item, heard: Heard): Heard {
  if (heard.unauthenticated !== true || isReservedMetric(item.metric)) return heard
  const own = item.advertisements.find(
    ({ from, unauthenticated }) => from.peerId === heard.from.peerId && unauthenticated !== true,
  )
  return own === undefined ? heard : { ...own, lastAdvertised: heard.lastAdvertised }
}

function keptTags(tags: readonly string[] = []): readonly string[] {
  let chars = 0
  return tags.filter((tag) => {
    chars += tag.length
    return chars <= TAGS_MAX_CHARS
  })
}
