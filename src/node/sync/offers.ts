import { mapBounded } from '../../concurrency/semaphore.ts'
import type { Cid } from '../../core/cid.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { considers, type Policy, thresholdOf } from '../../core/policy.ts'
import type { BestAnswer } from '../../ports/transport.ts'
import type { Candidate } from '../../protocol/sync/plan.ts'
import type { NodeContext } from '../context.ts'
import { ask } from '../peers/contact.ts'

/** Metrics of one peer that are looked at in one round. */
const METRICS_MAX = 64
const LISTS_AT_ONCE = 4
/** Recency is not among them unless the policy names it: it would bring everything. */
const SIGNALS = ['_adoption', '_review_score', '_reproduction']
/** Requests that a round may still make. */
export interface Requests {
  made: number
  readonly most: number
}

/** All that are looked at: more than may rest, so that those that nobody has don't stand before the others. */
const STUBS_MAX = 4_096

/** What a peer offers in the dimensions of the policy. A peer that fails has nothing to offer. */
export async function offersOf(
  node: NodeContext,
  peer: PeerAddress,
  policy: Policy,
  options: { signal: AbortSignal; requests: Requests },
): Promise<Candidate[]> {
  try {
    const dimensions = await dimensionsOf(node, peer, policy, options)
    const lists = await mapBounded(dimensions, LISTS_AT_ONCE, (dimension) =>
      bestOf(node, peer, dimension, policy, options),
    )
    return lists.flatMap((list) => (list === undefined ? [] : candidatesOf(list, peer, policy)))
  } catch (error) {
    if (options.signal.aborted || !isGroveError(error)) throw error
    node.log.debug('peer offers nothing', { ...peer, code: error.code, reason: error.message })
    return []
  }
}

/** What gossip says that others hold, in these dimensions (all of them without). */
export function advertisedOffers(node: NodeContext, metrics?: ReadonlySet<string>): Candidate[] {
  return node.gossip
    .federated(node.clock.now())
    .filter(({ metric }) => metrics === undefined || metrics.has(metric))
    .filter(({ metric }) => considers(node.config.policy, metric))
    .flatMap(({ metric, direction, cid, tags, providers }) =>
      providers.map(({ peerId, address, value, unauthenticated, directionGuessed }) => ({
        metric,
        direction,
        cid,
        value,
        tags,
        providers: [{ peerId, address }],
        unauthenticated,
        directionGuessed,
      })),
    )
}

/** The best that is held here of what the policy wants, as candidates: it counts towards the best of its dimension. */
export async function heldOffers(node: NodeContext, policy: Policy): Promise<Candidate[]> {
  const { dimensions, tags, kinds, topK } = policy
  const rankings = await node.index.frontier({
    limit: topK,
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(tags === undefined ? {} : { anyTag: tags }),
    ...(kinds === undefined ? {} : { anyKind: kinds }),
  })
  return rankings.flatMap(({ metric, direction, places }) =>
    places.map(({ cid, value, contribution }) => ({
      metric,
      direction,
      cid,
      value,
      tags: contribution.manifest.tags,
      kind: contribution.manifest.kind,
      providers: [],
    })),
  )
}

/** Stubs, oldest first, as candidates of a dimension of their own: whoever promised them is asked, else who can be. */
export async function stubOffers(node: NodeContext): Promise<Candidate[]> {
  const stubs = await node.stubs.stubs(STUBS_MAX)
  const others = node.peers.order(node.askable()).slice(0, 3)
  return stubs.map(({ cid, since, promisedBy }) => {
    const promisers = promisedBy.flatMap((peerId) => node.gossip.peer(peerId) ?? [])
    return {
      cid,
      metric: '_stub',
      direction: 'minimize',
      value: Date.parse(since),
      providers: [...promisers, ...node.gossip.providersOf(cid), ...others],
    }
  })
}

/** Those of the cids that are held here. */
export async function heldAmong(
  node: NodeContext,
  candidates: readonly Candidate[],
): Promise<Set<Cid>> {
  const cids = new Set(candidates.map(({ cid }) => cid))
  for (const cid of await node.contributions.missing([...cids])) cids.delete(cid)
  return cids
}

/** Those of the held cids whose artifacts are not all here. */
export async function partialAmong(node: NodeContext, held: ReadonlySet<Cid>): Promise<Set<Cid>> {
  const named = (await node.contributions.getMany([...held])).map(({ cid, manifest }) => ({
    cid,
    hashes: Object.values(manifest.artifacts),
  }))
  const missing = new Set(await node.blobs.missing(named.flatMap(({ hashes }) => hashes)))
  return new Set(
    named.filter(({ hashes }) => hashes.some((hash) => missing.has(hash))).map(({ cid }) => cid),
  )
}

async function dimensionsOf(
  node: NodeContext,
  peer: PeerAddress,
  policy: Policy,
  { signal, requests }: { signal: AbortSignal; requests: Requests },
): Promise<string[]> {
  requests.made++
  const metrics = await ask(node, peer, () => node.transport.metrics(peer, { signal }))
  if (policy.dimensions === undefined) return [...metrics.slice(0, METRICS_MAX), ...SIGNALS]
  return policy.dimensions.filter(
    (dimension) => dimension.startsWith('_') || metrics.includes(dimension),
  )
}

async function bestOf(
  node: NodeContext,
  peer: PeerAddress,
  dimension: string,
  policy: Policy,
  { signal, requests }: { signal: AbortSignal; requests: Requests },
): Promise<BestAnswer | undefined> {
  if (requests.made >= requests.most) return undefined
  requests.made++
  const threshold = thresholdOf(policy, dimension)
  const { tags, kinds, topK } = policy
  const query = {
    dimension,
    limit: topK,
    ...(threshold === undefined ? {} : { threshold }),
    ...(tags === undefined ? {} : { tags: [...tags] }),
    ...(kinds === undefined ? {} : { kinds: [...kinds] }),
  }
  return ask(node, peer, async () => {
    const list = await node.transport.best(peer, query, { signal })
    requests.made += (list.requests ?? 1) - 1
    if (list.dimension === dimension) return list
    throw new GroveError(
      'peer-fault',
      { ...peer, fault: 'other-dimension' },
      { message: `${peer.address} answered for ${list.dimension}, asked for ${dimension}` },
    )
  })
}

/** A contribution with large artifacts is a candidate all the same: its manifest is taken, and what of the rest is small enough. */
function candidatesOf(
  { dimension, direction, entries, directionGuessed }: BestAnswer,
  peer: PeerAddress,
  policy: Policy,
): Candidate[] {
  return entries.map(({ cid, value, kind, tags, artifactBytes, evidence }) => {
    const known = artifactBytes >= 0 && artifactBytes <= policy.maxArtifactBytes
    return {
      cid,
      metric: dimension,
      direction,
      value,
      kind,
      tags,
      providers: [peer],
      directionGuessed,
      ...(known ? { artifactBytes } : {}),
      ...(evidence === undefined ? {} : { evidence }),
    }
  })
}
