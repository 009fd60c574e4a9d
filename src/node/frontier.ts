import { dimensionKey, isSignalMetric } from '../core/frontier.ts'
import type { FederatedEntry, FrontierAnswer, FrontierEntry, Level, Provider } from '../core/wire.ts'
import { timestamp } from '../ports/clock.ts'
import type { FrontierQuery, RankedPlace, Ranking } from '../ports/graph-store.ts'
import type { NodeContext } from './context.ts'

/** Entries a dimension that the federated frontier shows of this grove's own. */
const OWN_DEPTH = 20

/** The best of what is held here, in every dimension. */
export async function frontier(node: NodeContext, query: FrontierQuery): Promise<FrontierAnswer> {
  const rankings = await node.graph.frontier(query)
  const signal = (metric: string) =>
    rankings.find((ranking) => ranking.metric === metric)?.places.map(frontierEntry) ?? []
  const metrics = rankings.filter((ranking) => !isSignalMetric(ranking.metric))
  return {
    byMetric: Object.fromEntries(metrics.map((ranking) => [ranking.metric, ranking.places.map(frontierEntry)])),
    byAdoption: signal('_adoption'),
    byRecency: signal('_recency'),
    byReviewScore: signal('_review_score'),
    byReproduction: signal('_reproduction'),
  }
}

function frontierEntry({ cid, value, contribution: { manifest } }: RankedPlace): FrontierEntry {
  return {
    cid,
    summary: manifest.summary,
    value,
    kind: manifest.kind,
    mode: manifest.mode,
    agentId: manifest.agent.agentId,
  }
}

/** The best that is known anywhere: what is held here, then what peers claim, each dimension by itself. */
export async function federatedFrontier(node: NodeContext): Promise<FederatedEntry[]> {
  const now = node.clock.now()
  const rankings = await node.graph.frontier({ limit: OWN_DEPTH })
  const own = rankings.flatMap((ranking) => ranking.places.map((place) => ownEntry(node, ranking, place)))
  const shown = new Set(own.map((entry) => `${dimensionKey(entry)} ${entry.cid}`))
  const claimed = node.replica.federated(now).filter((item) => !shown.has(`${dimensionKey(item)} ${item.cid}`))
  const lacking = new Set(await node.graph.lacking([...new Set(claimed.map((item) => item.cid))]))
  return [...own, ...claimed.map((item) => claimedEntry(item, !lacking.has(item.cid)))]
}

function ownEntry(
  node: NodeContext,
  { metric, direction }: Ranking,
  { cid, value, contribution }: RankedPlace,
): FederatedEntry {
  const level: Level = isSignalMetric(metric) && metric !== '_recency' ? 'evidenced' : 'bound'
  const providers = node.replica
    .providersOf(cid)
    .map((peer): Provider => ({ ...peer, lastAdvertised: timestamp(node.clock.now()) }))
  return {
    metric,
    value,
    cid,
    tags: contribution.manifest.tags.slice(0, 100).map((tag) => tag.slice(0, 256)),
    direction,
    level,
    held: true,
    providers,
    firstSeen: contribution.manifest.createdAt,
  }
}

type Claimed = ReturnType<NodeContext['replica']['federated']>[number]

function claimedEntry(item: Claimed, held: boolean): FederatedEntry {
  const providers = item.providers.map(({ peerId, address, lastAdvertised }) => ({
    peerId,
    address,
    lastAdvertised: timestamp(lastAdvertised),
  }))
  const { metric, value, cid, direction } = item
  return {
    metric,
    value,
    cid,
    tags: [...item.tags],
    direction,
    level: held ? 'bound' : 'claimed',
    held,
    providers,
    firstSeen: timestamp(item.firstSeen),
  }
}
