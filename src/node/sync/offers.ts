import { mapBounded } from '../../concurrency/semaphore.ts'
import type { Cid } from '../../core/cid.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import { STUBS_MAX } from '../../core/limits.ts'
import { addressOf, type PeerAddress } from '../../core/peers/peer.ts'
import { considers, type Policy, rankedKinds, thresholdOf } from '../../core/policy.ts'
import { type LocalEntry, localEntry, type Place } from '../../core/ranking/frontier.ts'
import type { BestAnswer } from '../../ports/transport.ts'
import type { MetricTurns } from '../../protocol/sync/metric-turns.ts'
import type { Offer } from '../../protocol/sync/plan.ts'
import type { SyncContext } from '../context.ts'
import { ask } from '../peers/contact.ts'
import type { Requests } from './round-budget.ts'

/** Metrics of one peer that are looked at in one round. */
const METRICS_MAX = 64
const LISTS_AT_ONCE = 4
/** Contributions that are looked up in one read: a millisecond or two. */
const LOOKED_UP_AT_ONCE = 512
/** Recency is not among them unless the policy names it: it would bring everything. */
const SIGNALS = ['_adoption', '_review_score', '_reproduction']

interface Asking {
  readonly signal: AbortSignal
  readonly requests: Requests
}

/** What a peer offers, or why it has nothing to offer. */
export interface Offered {
  readonly offers: readonly Offer[]
  /** The dimensions in which the peer has nothing that the policy wants. */
  readonly empty?: readonly string[]
  readonly failure?: GroveError
}

/** What a peer offers in the dimensions of the policy. A peer that fails has nothing to offer. */
export async function offersOf(
  node: SyncContext,
  peer: PeerAddress,
  policy: Policy,
  options: Asking & { readonly turns: MetricTurns },
): Promise<Offered> {
  try {
    const dimensions = await dimensionsOf(node, peer, policy, options)
    const lists = await mapBounded(dimensions, LISTS_AT_ONCE, (dimension, ended) => {
      const signal = AbortSignal.any([options.signal, ended])
      return bestOf(node, peer, dimension, policy, { ...options, signal })
    })
    return {
      empty: dimensions.filter((_, index) => lists[index]?.entries.length === 0),
      offers: lists.flatMap((list) => (list === undefined ? [] : offersIn(list, peer, policy))),
    }
  } catch (error) {
    if (options.signal.aborted || !isGroveError(error)) throw error
    node.log.debug('peer offers nothing', { ...peer, code: error.code, reason: error.message })
    return { offers: [], failure: error }
  }
}

/** What peers advertise in gossip, in these metrics (all of them without). */
export function advertisedOffers(node: SyncContext, metrics?: ReadonlySet<string>): Offer[] {
  return node.gossip
    .federated(node.clock.now())
    .filter(({ metric }) => metrics === undefined || metrics.has(metric))
    .filter(({ metric }) => considers(node.config.policy, metric))
    .flatMap(({ tags, advertisements }) =>
      advertisements.map((advertisement) => ({ ...advertisement, tags })),
    )
}

/**
 * The best that the policy wants of what is held here, in the dimensions of these offers. It counts
 * towards the top k.
 */
export async function heldPlaces(
  node: SyncContext,
  policy: Policy,
  offers: readonly Offer[],
): Promise<LocalEntry[]> {
  const { tags, topK } = policy
  const metrics = [...new Set(offers.map(({ metric }) => metric))]
  const rankings = await node.index.frontier({
    limit: topK,
    dimensions: metrics.filter((metric) => policy.dimensions?.includes(metric) ?? true),
    ...(tags === undefined ? {} : { anyTag: tags }),
    anyKind: rankedKinds(policy),
  })
  return rankings.flatMap(({ places }) => places.map(localEntry))
}

/**
 * All stubs, oldest first, as offers in a dimension of their own: by peers that promised or
 * advertise them, and a few others.
 */
export async function stubOffers(node: SyncContext): Promise<Offer[]> {
  const stubs = await node.stubs.stubs(STUBS_MAX)
  const others = node.peers.order(node.askable()).slice(0, 3)
  const offers: Offer[] = []
  for (const { cid, since, promisedBy } of stubs) {
    await node.breathe()
    const promisers = promisedBy.flatMap((peerId) => node.gossip.peer(peerId) ?? [])
    const place = { cid, metric: '_stub', direction: 'minimize', value: Date.parse(since) } as const
    for (const from of distinct([...promisers, ...node.gossip.providersOf(cid), ...others]))
      offers.push({ ...place, from })
  }
  return offers
}

/** Those of the cids that are held here. */
export async function heldAmong(node: SyncContext, places: readonly Place[]): Promise<Set<Cid>> {
  const held = new Set(places.map(({ cid }) => cid))
  const all = [...held]
  for (let at = 0; at < all.length; at += LOOKED_UP_AT_ONCE) {
    await node.breathe()
    const some = all.slice(at, at + LOOKED_UP_AT_ONCE)
    for (const cid of await node.contributions.missing(some)) held.delete(cid)
  }
  return held
}

async function dimensionsOf(
  node: SyncContext,
  peer: PeerAddress,
  policy: Policy,
  { signal, requests, turns }: Asking & { readonly turns: MetricTurns },
): Promise<string[]> {
  if (policy.dimensions !== undefined) return [...policy.dimensions]
  requests.made++
  const [kind, ...others] = rankedKinds(policy)
  const options = {
    signal,
    after: turns.afterOf(peer.address),
    ...(kind !== undefined && others.length === 0 && { kind }),
  }
  const told = await ask(node, peer, signal, () => node.transport.metrics(peer, options))
  const left = requests.most - requests.made - SIGNALS.length
  const most = Math.max(1, Math.min(METRICS_MAX, left))
  const foremost = await node.index.foremostMetrics(METRICS_MAX)
  return [...turns.take(peer.address, told, { foremost, most }), ...SIGNALS]
}

async function bestOf(
  node: SyncContext,
  peer: PeerAddress,
  dimension: string,
  policy: Policy,
  { signal, requests }: Asking,
): Promise<BestAnswer | undefined> {
  if (requests.made >= requests.most) return undefined
  requests.made++
  const threshold = thresholdOf(policy, dimension)
  const { tags, topK } = policy
  const query = {
    dimension,
    limit: topK,
    kinds: [...rankedKinds(policy)],
    ...(threshold === undefined ? {} : { threshold }),
    ...(tags === undefined ? {} : { tags: [...tags] }),
  }
  return ask(node, peer, signal, async () => {
    const list = await node.transport.best(peer, query, { signal })
    requests.made += (list.requests ?? 1) - 1
    if (list.dimension === dimension) {
      // What it offers it has by now, though it said lately that it had not.
      for (const { cid } of list.entries) node.peers.absences.forget(peer.address, cid)
      return list
    }
    throw new GroveError(
      'peer-fault',
      { ...peer, fault: 'other-dimension' },
      { message: `${peer.address} answered for ${list.dimension}, asked for ${dimension}` },
    )
  })
}

/**
 * Items with artifacts that are too large are offered without a size: the manifest is wanted, and
 * the small ones.
 */
function offersIn(
  { dimension: metric, direction, entries, directionGuessed }: BestAnswer,
  from: PeerAddress,
  policy: Policy,
): Offer[] {
  return entries.map(({ artifactBytes, ...entry }) => {
    const known = artifactBytes >= 0 && artifactBytes <= policy.maxArtifactBytes
    const size = known ? { artifactBytes } : {}
    return { ...entry, ...size, metric, direction, from, directionGuessed }
  })
}

/** One peer an address, the first. */
function distinct(peers: readonly PeerAddress[]): PeerAddress[] {
  const byAddress = new Map<string, PeerAddress>()
  for (const peer of peers)
    if (!byAddress.has(peer.address)) byAddress.set(peer.address, addressOf(peer))
  return [...byAddress.values()]
}
