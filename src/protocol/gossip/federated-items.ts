import type { Cid } from '../../core/cid.ts'
import type { Direction } from '../../core/contribution/schema.ts'
import { invariant, mustHold } from '../../core/invariant.ts'
import {
  FEDERATED_ADVERTISER_SHARE,
  FEDERATED_MAX,
  FEDERATED_MAX_PER_METRIC,
  PROVIDERS_MAX,
} from '../../core/limits.ts'
import type { Advertisement } from '../../core/ranking/advertisement.ts'
import { comparePlaces, isBetter, type Place } from '../../core/ranking/frontier.ts'
import { compareText } from '../../core/text.ts'

const SHARE_MAX = FEDERATED_MAX * FEDERATED_ADVERTISER_SHARE
const SHARE_MAX_PER_METRIC = FEDERATED_MAX_PER_METRIC * FEDERATED_ADVERTISER_SHARE

/** An advertisement as it is remembered, without its tags. */
export interface Heard extends Advertisement {
  /** Unix ms. */
  readonly lastAdvertised: number
  /** Whose share it counts for: the host of the peer's address as it was then. */
  readonly host: string
}

/** An item of the federated frontier. Its value is the best of those advertised. */
export interface FederatedItem extends Place {
  readonly tags: readonly string[]
  /** One a peer, at most PROVIDERS_MAX, most recent first. */
  readonly advertisements: readonly Heard[]
  /** Unix ms. */
  readonly firstSeen: number
}

/** An item as it is stored: it changes with each advertisement. */
export type Item = { -readonly [K in keyof FederatedItem]: FederatedItem[K] } & {
  advertisements: Heard[]
}

/**
 * The items of the federated frontier, with bounds on all of them, on each metric, and on each
 * host's share of either: ids cost nothing. Beyond a bound the worst item of the same metric and
 * direction goes, so that a flood in one dimension costs no other.
 */
export class FederatedItems {
  readonly #metrics = new Map<string, Metric>()
  readonly #shares = new Shares()
  #size = 0

  get size(): number {
    return this.#size
  }

  get({ metric, direction, cid }: Place): Item | undefined {
    return this.#metrics.get(metric)?.[direction].get(cid)
  }

  /** The items of this contribution, in all dimensions. O(metrics). */
  about(cid: Cid): Item[] {
    const found: Item[] = []
    for (const metric of this.#metrics.values()) {
      for (const items of directionsOf(metric)) {
        const item = items.get(cid)
        if (item !== undefined) found.push(item)
      }
    }
    return found
  }

  /** How many hosts advertise each direction of a metric; undefined without any. O(items). */
  hostsIn(name: string): Readonly<Record<Direction, number>> | undefined {
    const metric = this.#metrics.get(name)
    const hosts = (items: ReadonlyMap<Cid, Item>): number =>
      new Set([...items.values()].flatMap((item) => item.advertisements.map(({ host }) => host)))
        .size
    return metric && { minimize: hosts(metric.minimize), maximize: hosts(metric.maximize) }
  }

  /** All items, metrics in the order of their names, each direction best first. O(n log n). */
  sorted(since: number): FederatedItem[] {
    const byName = [...this.#metrics].sort(([a], [b]) => compareText(a, b))
    return byName.flatMap(([, metric]) =>
      directionsOf(metric).flatMap((items) =>
        [...items.values()].flatMap((item) => copyOf(item, since)).sort(comparePlaces),
      ),
    )
  }

  *[Symbol.iterator](): Generator<Item> {
    for (const metric of this.#metrics.values())
      for (const items of directionsOf(metric)) yield* items.values()
  }

  /** The item at this place, if need be a new one. `advertise` has to follow. */
  enter({ metric: name, direction, cid, value }: Place, now: number): Item {
    const metric = this.#metrics.get(name) ?? newMetric()
    this.#metrics.set(name, metric)
    const known = metric[direction].get(cid)
    if (known !== undefined) return known
    const item: Item = {
      metric: name,
      direction,
      cid,
      value,
      tags: [],
      advertisements: [],
      firstSeen: now,
    }
    metric[direction].set(cid, item)
    this.#size += 1
    return item
  }

  /** Replaces a peer's advertisement of an item, and evicts what is beyond the bounds. */
  advertise(item: Item, heard: Heard): void {
    const metric = this.#metrics.get(item.metric)
    invariant(this.get(item) === item, 'only an item that was entered is advertised')
    if (metric === undefined) return
    this.#insert(metric, item, heard)
    this.#keepShare(metric, item, heard.host)
    this.#keepSize(metric, item.direction)
    invariant(
      this.#size <= FEDERATED_MAX && sizeOf(metric) <= FEDERATED_MAX_PER_METRIC,
      'the federated frontier is within its bounds',
    )
  }

  /** Removes a peer's advertisement of an item, and with the last one the item. */
  withdraw({ metric: name, direction, cid }: Place, peerId: string): void {
    const metric = this.#metrics.get(name)
    const item = metric?.[direction].get(cid)
    if (metric === undefined || item === undefined) return
    const [gone] = item.advertisements.splice(...placeOf(item, peerId))
    if (gone !== undefined) {
      this.#countShare(metric, gone.host, -1)
      setValue(item)
    }
    if (item.advertisements.length > 0) return
    metric[direction].delete(cid)
    this.#size -= 1
    if (sizeOf(metric) === 0) this.#metrics.delete(name)
  }

  /**
   * Throws InvariantError if sizes and shares differ from what is stored, or are beyond the bounds.
   * O(advertisements).
   */
  checkInvariants(): void {
    const shares = new Shares()
    let size = 0
    for (const [name, metric] of this.#metrics) {
      checkMetric(name, metric)
      size += sizeOf(metric)
      for (const item of itemsOf(metric)) shares.addAll(item)
    }
    mustHold(this.#size === size, 'the size is the number of items', { counted: this.#size, size })
    mustHold(size <= FEDERATED_MAX, 'the federated frontier is within its bound', { size })
    mustHold(this.#shares.equals(shares), 'shares are those of the items')
    mustHold(shares.most <= SHARE_MAX, 'no host has too much of the federated frontier')
  }

  /** Inserts by recency. In place: the list is short, and gossip does nothing more often. */
  #insert(metric: Metric, item: Item, heard: Heard): void {
    const { advertisements } = item
    const [before] = advertisements.splice(...placeOf(item, heard.from.peerId))
    if (before !== undefined) this.#countShare(metric, before.host, -1)
    this.#countShare(metric, heard.host, 1)
    let index = 0
    for (const other of advertisements) {
      if (compareRecency(other, heard) > 0) break
      index += 1
    }
    advertisements.splice(index, 0, heard)
    const dropped = advertisements.length > PROVIDERS_MAX ? leastNeeded(advertisements) : undefined
    if (dropped !== undefined) {
      advertisements.splice(advertisements.indexOf(dropped), 1)
      this.#countShare(metric, dropped.host, -1)
    }
    setValue(item)
  }

  /** A host beyond its share loses the worst item that it advertises in that direction. */
  #keepShare(metric: Metric, { direction }: Item, host: string): void {
    const isWithin =
      metric.shares.of(host) <= SHARE_MAX_PER_METRIC && this.#shares.of(host) <= SHARE_MAX
    if (isWithin) return
    const own = worst(metric[direction], (other) => advertisersOn(other, host).length > 0)
    if (own === undefined) return
    for (const { from } of advertisersOn(own, host)) this.withdraw(own, from.peerId)
  }

  #keepSize(metric: Metric, direction: Direction): void {
    if (sizeOf(metric) > FEDERATED_MAX_PER_METRIC) this.#evictWorst(crowded(metric, direction))
    else if (this.#size > FEDERATED_MAX) this.#evictWorst(metric[direction])
  }

  #evictWorst(items: ReadonlyMap<Cid, Item>): void {
    const item = worst(items, () => true)
    if (item === undefined) return
    for (const { from } of [...item.advertisements]) this.withdraw(item, from.peerId)
  }

  #countShare(metric: Metric, host: string, change: 1 | -1): void {
    this.#shares.change(host, change)
    metric.shares.change(host, change)
  }
}

/** Most recent first. Ties go by id, so that the order of messages doesn't matter. */
export function compareRecency(a: Heard, b: Heard): number {
  return b.lastAdvertised - a.lastAdvertised || compareText(a.from.peerId, b.from.peerId)
}

interface Metric {
  readonly minimize: Map<Cid, Item>
  readonly maximize: Map<Cid, Item>
  readonly shares: Shares
}

/** The number of advertisements of each host. */
class Shares {
  readonly #counts = new Map<string, number>()

  of(host: string): number {
    return this.#counts.get(host) ?? 0
  }

  get most(): number {
    return Math.max(0, ...this.#counts.values())
  }

  equals(other: Shares): boolean {
    const isSame = ([host, count]: [string, number]) => other.of(host) === count
    return this.#counts.size === other.#counts.size && [...this.#counts].every(isSame)
  }

  addAll({ advertisements }: Item): void {
    for (const { host } of advertisements) this.change(host, 1)
  }

  change(host: string, by: 1 | -1): void {
    const count = this.of(host) + by
    invariant(count >= 0, 'nobody advertises fewer than no items')
    if (count > 0) this.#counts.set(host, count)
    else this.#counts.delete(host)
  }
}

const newMetric = (): Metric => ({
  minimize: new Map(),
  maximize: new Map(),
  shares: new Shares(),
})

const directionsOf = ({ minimize, maximize }: Metric) => [minimize, maximize]

const itemsOf = ({ minimize, maximize }: Metric): Item[] => [
  ...minimize.values(),
  ...maximize.values(),
]

const sizeOf = ({ minimize, maximize }: Metric): number => minimize.size + maximize.size

/**
 * Where a full metric gives way: in this direction, unless the other has taken over half the room.
 */
function crowded(metric: Metric, direction: Direction): ReadonlyMap<Cid, Item> {
  const other = direction === 'minimize' ? metric.maximize : metric.minimize
  return other.size > FEDERATED_MAX_PER_METRIC / 2 ? other : metric[direction]
}

function worst(items: ReadonlyMap<Cid, Item>, counts: (item: Item) => boolean): Item | undefined {
  let found: Item | undefined
  for (const item of items.values()) {
    if (counts(item) && (found === undefined || comparePlaces(item, found) > 0)) found = item
  }
  return found
}

/** Where the peer's advertisement is in the list, and how many it has: one or none. */
function placeOf({ advertisements }: Item, peerId: string): [index: number, count: number] {
  const index = advertisements.findIndex(({ from }) => from.peerId === peerId)
  return index < 0 ? [0, 0] : [index, 1]
}

const advertisersOn = ({ advertisements }: Item, host: string): Heard[] =>
  advertisements.filter((heard) => heard.host === host)

/** The oldest of the host that has most of these, so that no host's ids displace all others. */
function leastNeeded(advertisements: readonly Heard[]): Heard | undefined {
  const counts = new Map<string, number>()
  for (const { host } of advertisements) counts.set(host, (counts.get(host) ?? 0) + 1)
  const most = Math.max(...counts.values())
  return advertisements.findLast(({ host }) => counts.get(host) === most)
}

function checkMetric(name: string, metric: Metric): void {
  const shares = new Shares()
  for (const item of itemsOf(metric)) {
    const isInPlace = item.metric === name && metric[item.direction].get(item.cid) === item
    mustHold(isInPlace, 'an item is stored at its place', item)
    checkItem(item)
    shares.addAll(item)
  }
  const size = sizeOf(metric)
  mustHold(size > 0, 'a metric without items is forgotten', { name })
  mustHold(size <= FEDERATED_MAX_PER_METRIC, 'a metric is within its bound', { name, size })
  mustHold(metric.shares.equals(shares), 'shares of a metric are those of its items', { name })
  mustHold(shares.most <= SHARE_MAX_PER_METRIC, 'no host has too much of a metric', { name })
}

function checkItem(item: Item): void {
  const { direction, value, advertisements } = item
  const peers = new Set(advertisements.map(({ from }) => from.peerId))
  const sorted = advertisements.toSorted(compareRecency)
  const values = advertisements.map((heard) => heard.value)
  const best = direction === 'minimize' ? Math.min(...values) : Math.max(...values)
  mustHold(peers.size === advertisements.length, 'a peer advertises an item once', item)
  mustHold(peers.size >= 1 && peers.size <= PROVIDERS_MAX, 'an item has 1 to 8 providers', item)
  mustHold(
    sorted.every((heard, index) => heard === advertisements[index]),
    'advertisements are in the order of recency',
    item,
  )
  mustHold(value === best, 'the value of an item is the best of those advertised', item)
}

/** The item by the advertisements made since then; nothing if there are none. */
function copyOf(item: Item, since: number): FederatedItem[] {
  const advertisements = item.advertisements.filter(({ lastAdvertised }) => lastAdvertised >= since)
  if (advertisements.length === 0) return []
  return [{ ...item, advertisements, value: bestValue(item.direction, advertisements) }]
}

function setValue(item: Item): void {
  if (item.advertisements.length > 0) item.value = bestValue(item.direction, item.advertisements)
}

/** The best of the values: `advertisements` holds one at least. */
function bestValue(direction: Direction, advertisements: readonly Heard[]): number {
  let best = advertisements[0]?.value ?? Number.NaN
  for (const { value } of advertisements) if (isBetter(direction, value, best)) best = value
  return best
}
