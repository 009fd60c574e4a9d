import type { Cid } from '../../core/cid.ts'
import type { Direction } from '../../core/contribution/schema.ts'
import {
  FEDERATED_ADVERTISER_SHARE,
  FEDERATED_MAX,
  FEDERATED_MAX_PER_METRIC,
  PROVIDERS_MAX,
} from '../../core/limits.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import {
  comparePlaces,
  isBetter,
  isReservedMetric,
  isSignalMetric,
  type Place,
  prevailingDirection,
} from '../../core/ranking/frontier.ts'
import type { DigestEntry } from '../../core/wire/gossip.ts'
import type { Advertisement, Basis } from '../messages.ts'

/**
 * What other groves say is best, kept per (metric, direction, cid) with who says so. All of it is claims. Bounded in
 * all, per metric and per advertiser; what gives way is the worst of the same metric and direction, so that no flood in
 * one dimension costs another. A direction is never changed: claims that disagree on it are different entries.
 */

/** Rounds after which a claim that nobody repeats is forgotten. */
export const ADVERTISEMENT_ROUNDS = 10
const ADVERTISER_MAX = FEDERATED_MAX * FEDERATED_ADVERTISER_SHARE
const ADVERTISER_MAX_PER_METRIC = FEDERATED_MAX_PER_METRIC * FEDERATED_ADVERTISER_SHARE
/** Tags kept of an entry, as characters of all: they only help to choose. */
const TAGS_MAX_CHARS = 1_024

/** Who advertised an item, and the value that it gave. */
export interface Advertiser extends PeerAddress, Basis {
  readonly value: number
  /** Unix ms. */
  readonly lastAdvertised: number
}

/** One entry of the federated frontier. `value` is the best that any of the providers claims. */
export interface FederatedItem extends Place {
  readonly tags: readonly string[]
  /** At most PROVIDERS_MAX, most recent first. */
  readonly providers: readonly Advertiser[]
  /** Unix ms. */
  readonly firstSeen: number
}

type Item = { -readonly [K in keyof FederatedItem]: FederatedItem[K] } & { providers: Advertiser[] }

interface Metric {
  readonly minimize: Map<Cid, Item>
  readonly maximize: Map<Cid, Item>
  /** How many entries each advertiser provides, by peer id. */
  readonly shares: Map<string, number>
}

export interface Federated {
  readonly metrics: Map<string, Metric>
  readonly shares: Map<string, number>
  size: number
}

export function createFederated(): Federated {
  return { metrics: new Map(), shares: new Map(), size: 0 }
}

export interface DigestMerge {
  readonly from: PeerAddress
  readonly entries: readonly DigestEntry[]
  readonly now: number
  /** Whether anybody may have sent it in that peer's name. */
  readonly unauthenticated?: boolean
  /** The direction in which this metric is held here, if it is: believed before what peers say. */
  readonly heldDirection: (metric: string) => Direction | undefined
}

/**
 * Takes in a digest and returns its claims that are new or change the place of what was known. Entries without
 * direction (0.1 leaves it out when it relays) take the one that is known for the metric, also from this very digest,
 * and are ignored where none is.
 */
export function mergeDigest(
  federated: Federated,
  { from, entries, now, unauthenticated = false, heldDirection }: DigestMerge,
): Advertisement[] {
  const news: Advertisement[] = []
  for (const entry of directedFirst(entries)) {
    if (!isValidEntry(entry)) continue
    const direction = entry.direction ?? heldDirection(entry.metric) ?? knownDirection(federated, entry.metric)
    if (direction === undefined) continue
    const advertisement: Advertisement = {
      ...entry,
      direction,
      ...basisOf(unauthenticated, entry.direction === undefined),
    }
    const item = advertise(federated, { advertisement, from, now })
    const own = item?.providers.find((provider) => provider.peerId === from.peerId)
    if (own !== undefined) news.push({ ...advertisement, value: own.value })
  }
  return news
}

function directedFirst(entries: readonly DigestEntry[]): readonly DigestEntry[] {
  const undirected = entries.filter((entry) => entry.direction === undefined)
  if (undirected.length === 0) return entries
  return [...entries.filter((entry) => entry.direction !== undefined), ...undirected]
}

/** Forgets the claims last made before that moment; when the oldest of those left was made (Infinity without any). O(entries). */
export function expireAdvertisements(federated: Federated, before: number): number {
  let oldest = Number.POSITIVE_INFINITY
  for (const metric of federated.metrics.values()) {
    for (const items of [metric.minimize, metric.maximize]) {
      for (const item of items.values()) oldest = Math.min(oldest, expireProviders(federated, item, before))
    }
  }
  return oldest
}

function expireProviders(federated: Federated, item: Item, before: number): number {
  // Most recent first: the last is the oldest.
  let last = item.providers.at(-1)
  while (last !== undefined && last.lastAdvertised < before) {
    withdraw(federated, item, last.peerId)
    last = item.providers.at(-1)
  }
  return last?.lastAdvertised ?? Number.POSITIVE_INFINITY
}

/** Forgets what this peer says about this item. */
export function retract(federated: Federated, peerId: string, cid: Cid): void {
  for (const item of itemsOf(federated, cid)) withdraw(federated, item, peerId)
}

/** All entries about one item, in any dimension. O(metrics). */
function itemsOf(federated: Federated, cid: Cid): FederatedItem[] {
  const found: FederatedItem[] = []
  for (const metric of federated.metrics.values()) {
    for (const items of [metric.minimize, metric.maximize]) {
      const item = items.get(cid)
      if (item !== undefined) found.push(item)
    }
  }
  return found
}

/** Who advertises this item, most recent first. */
export function providersOf(federated: Federated, cid: Cid): PeerAddress[] {
  const all = itemsOf(federated, cid).flatMap((item) => item.providers)
  const byId = new Map(all.sort(compareRecency).map(({ peerId, address }) => [peerId, { peerId, address }]))
  return [...byId.values()]
}

/** Each claim about this item with its author: what the manifest confirms or disproves. */
export function assertionsOf(federated: Federated, cid: Cid): { peer: PeerAddress; advertisement: Advertisement }[] {
  return itemsOf(federated, cid).flatMap(({ metric, direction, providers }) =>
    providers.map(({ peerId, address, value, unauthenticated = false, directionGuessed = false }) => ({
      peer: { peerId, address },
      advertisement: { metric, direction, cid, value, ...basisOf(unauthenticated, directionGuessed) },
    })),
  )
}

/**
 * All entries, metric by metric in the order of their names, each direction best first, without the claims last made
 * before `since` (Unix ms). O(n log n).
 */
export function listFederated(federated: Federated, since = Number.NEGATIVE_INFINITY): FederatedItem[] {
  const names = [...federated.metrics.keys()].sort()
  return names.flatMap((name) => {
    const metric = federated.metrics.get(name)
    if (metric === undefined) return []
    return [metric.minimize, metric.maximize].flatMap((items) =>
      [...items.values()].flatMap((item) => snapshots(item, since)).sort(comparePlaces),
    )
  })
}

/** A copy that later claims don't change; none where all claims are older than `since`. */
function snapshots(item: Item, since: number): FederatedItem[] {
  const providers = item.providers.filter(({ lastAdvertised }) => lastAdvertised >= since)
  return providers.length === 0 ? [] : [{ ...item, providers, value: bestValue({ ...item, providers }) }]
}

/** Finite, and if the name is the protocol's, one that it knows, in its direction. */
function isValidEntry({ metric, value, direction }: DigestEntry): boolean {
  if (!Number.isFinite(value)) return false
  return !isReservedMetric(metric) || (isSignalMetric(metric) && direction !== 'minimize')
}

/** Only what makes a claim weaker is noted. */
function basisOf(unauthenticated: boolean, directionGuessed: boolean): Basis {
  return { ...(unauthenticated && { unauthenticated }), ...(directionGuessed && { directionGuessed }) }
}

function knownDirection({ metrics }: Federated, name: string): Direction | undefined {
  if (isSignalMetric(name)) return 'maximize'
  const metric = metrics.get(name)
  return metric && prevailingDirection(metric.minimize.size, metric.maximize.size)
}

/** Enters one claim; the entry where it is new or its value has changed, and it has found room. */
function advertise(
  federated: Federated,
  { advertisement, from, now }: { advertisement: Advertisement; from: PeerAddress; now: number },
): Item | undefined {
  const metric = metricOf(federated, advertisement.metric)
  const known = metric[advertisement.direction].get(advertisement.cid)
  const before = known?.value
  const item = known ?? enter(federated, metric, advertisement, now)
  if (item.tags.length === 0) item.tags = keptTags(advertisement.tags)
  // Recency ranks by the earlier of its date and the moment it was first seen here (PROTOCOL.md#ranking).
  const value =
    advertisement.metric === '_recency' ? Math.min(advertisement.value, item.firstSeen) : advertisement.value
  const said = {
    ...from,
    value,
    lastAdvertised: now,
    ...basisOf(advertisement.unauthenticated === true, advertisement.directionGuessed === true),
  }
  provide(federated, metric, item, keepAuthenticated(item, said))
  keepBounds(federated, metric, item, from.peerId)
  return metric[advertisement.direction].get(advertisement.cid) === item && item.value !== before ? item : undefined
}

function metricOf({ metrics }: Federated, name: string): Metric {
  const known = metrics.get(name)
  if (known !== undefined) return known
  const metric: Metric = { minimize: new Map(), maximize: new Map(), shares: new Map() }
  metrics.set(name, metric)
  return metric
}

function enter(
  federated: Federated,
  metric: Metric,
  { metric: name, direction, cid, value }: Advertisement,
  now: number,
): Item {
  const item: Item = { metric: name, direction, cid, value, tags: [], providers: [], firstSeen: now }
  metric[direction].set(cid, item)
  federated.size += 1
  return item
}

/** A peer's own word about a metric stands: what is only said in its name neither changes nor weakens it. */
function keepAuthenticated(item: Item, said: Advertiser): Advertiser {
  if (said.unauthenticated !== true || isReservedMetric(item.metric)) return said
  const own = item.providers.find(({ peerId, unauthenticated }) => peerId === said.peerId && unauthenticated !== true)
  return own === undefined ? said : { ...own, lastAdvertised: said.lastAdvertised }
}

/** Puts the advertiser where it belongs by recency. The list is short and this is what gossip does most: no copies. */
function provide(federated: Federated, metric: Metric, item: Item, by: Advertiser): void {
  const { providers } = item
  const known = providers.findIndex((provider) => provider.peerId === by.peerId)
  if (known >= 0) providers.splice(known, 1)
  else countShare(federated, metric, by.peerId, 1)
  let place = 0
  for (const provider of providers) {
    if (compareRecency(provider, by) > 0) break
    place += 1
  }
  providers.splice(place, 0, by)
  const dropped = providers.length > PROVIDERS_MAX ? providers.pop() : undefined
  if (dropped !== undefined) countShare(federated, metric, dropped.peerId, -1)
  item.value = bestValue(item)
}

/** Most recent first; at the same moment by id, so that the order of messages doesn't matter. */
function compareRecency(a: Advertiser, b: Advertiser): number {
  return b.lastAdvertised - a.lastAdvertised || (a.peerId < b.peerId ? -1 : 1)
}

/** The best of what the providers claim. */
function bestValue({ direction, providers, value: before }: FederatedItem): number {
  let best = providers[0]?.value ?? before
  for (const { value } of providers) if (isBetter(direction, value, best)) best = value
  return best
}

function countShare(federated: Federated, metric: Metric, peerId: string, change: number): void {
  changeShare(federated.shares, peerId, change)
  changeShare(metric.shares, peerId, change)
}

function changeShare(shares: Map<string, number>, peerId: string, change: number): void {
  const share = (shares.get(peerId) ?? 0) + change
  if (share > 0) shares.set(peerId, share)
  else shares.delete(peerId)
}

function keepBounds(federated: Federated, metric: Metric, item: Item, peerId: string): void {
  const overShare =
    (metric.shares.get(peerId) ?? 0) > ADVERTISER_MAX_PER_METRIC || (federated.shares.get(peerId) ?? 0) > ADVERTISER_MAX
  if (overShare) {
    const own = worst(metric[item.direction], (other) => other.providers.some((provider) => provider.peerId === peerId))
    if (own !== undefined) withdraw(federated, own, peerId)
  }
  const inMetric = metric.minimize.size + metric.maximize.size
  if (inMetric > FEDERATED_MAX_PER_METRIC) evictWorst(federated, crowded(metric, item.direction))
  else if (federated.size > FEDERATED_MAX) evictWorst(federated, metric[item.direction])
}

/** Where a full metric gives way: in the entry's own direction, unless the other has taken more than half of the room. */
function crowded(metric: Metric, direction: Direction): Map<Cid, Item> {
  const other = direction === 'minimize' ? metric.maximize : metric.minimize
  return other.size > FEDERATED_MAX_PER_METRIC / 2 ? other : metric[direction]
}

function evictWorst(federated: Federated, items: Map<Cid, Item>): void {
  const item = worst(items, () => true)
  for (const provider of [...(item?.providers ?? [])])
    if (item !== undefined) withdraw(federated, item, provider.peerId)
}

function worst(items: Map<Cid, Item>, counts: (item: Item) => boolean): Item | undefined {
  let found: Item | undefined
  for (const item of items.values()) {
    if (counts(item) && (found === undefined || comparePlaces(item, found) > 0)) found = item
  }
  return found
}

/** Removes a provider from an entry, and the entry with its last provider. */
function withdraw(federated: Federated, { metric: name, direction, cid }: Place, peerId: string): void {
  const metric = federated.metrics.get(name)
  const item = metric?.[direction].get(cid)
  if (metric === undefined || item === undefined) return
  const index = item.providers.findIndex((provider) => provider.peerId === peerId)
  if (index >= 0) {
    item.providers.splice(index, 1)
    countShare(federated, metric, peerId, -1)
    item.value = bestValue(item)
  }
  if (item.providers.length > 0) return
  metric[direction].delete(cid)
  federated.size -= 1
  if (metric.minimize.size + metric.maximize.size === 0) federated.metrics.delete(name)
}

function keptTags(tags: readonly string[] = []): readonly string[] {
  let chars = 0
  return tags.filter((tag) => {
    chars += tag.length
    return chars <= TAGS_MAX_CHARS
  })
}
