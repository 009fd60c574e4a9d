import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import type { Manifest } from '../../core/contribution/schema.ts'
import { contradicts } from '../../core/ranking/advertisement.ts'
import { beliefIn, beliefInputOf } from '../../core/ranking/belief.ts'
import { dimensionKey, isSignalMetric, recencyOf } from '../../core/ranking/frontier.ts'
import { NO_SIGNALS } from '../../core/ranking/signals.ts'
import { timestamp } from '../../core/time.ts'
import type {
  FederatedEntry,
  FrontierAnswer,
  FrontierEntry,
  Provider,
} from '../../core/wire/frontier.ts'
import type { FrontierQuery, RankedPlace, Ranking } from '../../ports/graph-index.ts'
import type { ReadContext } from '../context.ts'

/** Entries a dimension that the federated frontier shows of this grove's own. */
const OWN_DEPTH = 20

/** The best of what is held here, in every dimension. */
export async function frontier(node: ReadContext, query: FrontierQuery): Promise<FrontierAnswer> {
  const rankings = await node.index.frontier(query)
  const signal = (metric: string) =>
    rankings.find((ranking) => ranking.metric === metric)?.places.map(frontierEntry) ?? []
  const metrics = rankings.filter((ranking) => !isSignalMetric(ranking.metric))
  return {
    byMetric: Object.fromEntries(
      metrics.map((ranking) => [ranking.metric, ranking.places.map(frontierEntry)]),
    ),
    byAdoption: signal('_adoption'),
    byRecency: signal('_recency'),
    byReviewScore: signal('_review_score'),
    byReproduction: signal('_reproduction'),
  }
}

function frontierEntry({ cid, value, info }: RankedPlace): FrontierEntry {
  return {
    cid,
    summary: info.summary,
    value,
    kind: info.kind,
    mode: info.mode,
    agentId: info.agent.agentId,
  }
}

/**
 * The best that is known anywhere: what is held here, then what peers advertise, each dimension by
 * itself. Of a held item an advertisement is shown only where the manifest says the same; signals
 * never are.
 */
export async function federatedFrontier(node: ReadContext): Promise<FederatedEntry[]> {
  const now = node.clock.now()
  const rankings = await node.index.frontier({ limit: OWN_DEPTH })
  const own = rankings.flatMap((ranking) =>
    ranking.places.map((place) => ownEntry(node, ranking, place)),
  )
  const shown = new Set(own.map((entry) => `${dimensionKey(entry)} ${entry.cid}`))
  const advertised = node.gossip
    .federated(now)
    .filter((item) => !shown.has(`${dimensionKey(item)} ${item.cid}`))
  const held = await heldOf(
    node,
    advertised.map((item) => item.cid),
  )
  const believable = advertised.filter((item) => {
    const contribution = held.get(item.cid)
    return (
      contribution === undefined ||
      (!isSignalMetric(item.metric) && !contradicts(contribution.manifest, item))
    )
  })
  return [...own, ...believable.map((item) => advertisedEntry(item, held.get(item.cid)))]
}

async function heldOf(node: ReadContext, cids: readonly Cid[]): Promise<Map<Cid, Contribution>> {
  const held = await node.contributions.getMany([...new Set(cids)])
  return new Map(held.map((contribution) => [contribution.cid, contribution]))
}

function ownEntry(
  node: ReadContext,
  { metric, direction }: Ranking,
  { cid, value, info }: RankedPlace,
): FederatedEntry {
  const providers = node.gossip
    .providersOf(cid)
    .map((peer): Provider => ({ ...peer, lastAdvertised: timestamp(node.clock.now()) }))
  return {
    metric,
    value,
    cid,
    tags: info.tags.slice(0, 100).map((tag) => tag.slice(0, 256)),
    direction,
    level: beliefIn(beliefInputOf({ metric, value }), metric).level,
    held: true,
    providers,
    firstSeen: timestamp(recencyOf(info.createdAt, node.clock.now())),
    ...aboutOf(info),
  }
}

type AdvertisedItem = ReturnType<ReadContext['gossip']['federated']>[number]

function advertisedEntry(
  item: AdvertisedItem,
  contribution: Contribution | undefined,
): FederatedEntry {
  const held = contribution !== undefined
  const providers = item.advertisements.map(({ from, lastAdvertised }) => ({
    ...from,
    lastAdvertised: timestamp(lastAdvertised),
  }))
  const { metric, value, cid, direction } = item
  return {
    metric,
    value,
    cid,
    tags: [...item.tags],
    direction,
    level: beliefIn({ held, signals: NO_SIGNALS }, metric).level,
    held,
    providers,
    firstSeen: timestamp(item.firstSeen),
    ...(contribution === undefined ? {} : aboutOf(contribution.manifest)),
  }
}

function aboutOf({ summary, kind, agent }: Pick<Manifest, 'summary' | 'kind' | 'agent'>) {
  return { summary, kind, agentId: agent.agentId }
}
