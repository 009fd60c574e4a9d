import type { Cid } from '../../core/cid.ts'
import { contradicts } from '../../core/ranking/advertisement.ts'
import { beliefIn, beliefInputOf } from '../../core/ranking/belief.ts'
import {
  dimensionKey,
  isSignalMetric,
  recencyOf,
  SIGNAL_METRICS,
} from '../../core/ranking/frontier.ts'
import { NO_SIGNALS } from '../../core/ranking/signals.ts'
import { timestamp } from '../../core/time.ts'
import type {
  FederatedAnswer,
  FederatedEntry,
  FrontierAnswer,
  FrontierEntry,
  Provider,
} from '../../core/wire/frontier.ts'
import type { FrontierQuery, RankedPlace, Ranking, ReadOptions } from '../../ports/graph-index.ts'
import type { Gist, ReadContext } from '../context.ts'
import { caveatsOf } from './caveats.ts'
import { OriginsBehind } from './signers.ts'

/** Entries a dimension, and metrics, that the federated frontier shows of this grove's own. */
const OWN_DEPTH = 20
const OWN_METRICS = 1_000
/** Metrics that most stand behind, which are told with each page of many. */
const FOREMOST_MAX = 32
/** Entries of all metrics of one page: each costs its summary to be read and sent. */
const PAGE_MAX_ENTRIES = 5_000

/** A query for the frontier, and which of its metrics: a page of them, by name. */
export interface FrontierPage extends FrontierQuery {
  /** Metrics after this one; the signals come with the first page only. */
  readonly after?: string
  /** The most metrics; fewer where so many entries are asked for of each. */
  readonly metrics: number
  /** Whether the answer says in which direction each metric ranks. */
  readonly directions?: boolean
  /** Whether it says which groves stand behind each entry. */
  readonly origins?: boolean
}

/** The best of what is held here: in the signals, and in one page of the metrics. */
export async function frontier(
  node: ReadContext,
  { after, metrics: most, directions, origins, ...query }: FrontierPage,
  options?: ReadOptions,
): Promise<FrontierAnswer> {
  const limit = Math.min(most, Math.max(1, Math.floor(PAGE_MAX_ENTRIES / query.limit)))
  const metrics = await metricsOf(node, query, { after, limit: limit + 1 })
  const page = metrics.slice(0, limit)
  const dimensions = after === undefined ? [...page, ...SIGNAL_METRICS] : page
  const rankings = await node.index.frontier({ ...query, dimensions }, options)
  await node.breathe()
  const behind = origins === true ? await originsBehind(node, rankings) : undefined
  const frontierEntry = (place: RankedPlace) => ({
    ...entryOf(place),
    ...(behind && { origins: behind.entry(place) }),
  })
  const signal = (metric: string) =>
    rankings.find((ranking) => ranking.metric === metric)?.places.map(frontierEntry) ?? []
  const shown = rankings.filter(({ metric }) => !isSignalMetric(metric))
  return {
    byMetric: Object.fromEntries(
      shown.map((ranking) => [ranking.metric, ranking.places.map(frontierEntry)]),
    ),
    byAdoption: signal('_adoption'),
    byRecency: signal('_recency'),
    byReviewScore: signal('_review_score'),
    byReproduction: signal('_reproduction'),
    ...(directions === true && {
      directions: Object.fromEntries(shown.map(({ metric, direction }) => [metric, direction])),
    }),
    ...(await caveatsOf(node.index, shown)),
    ...(metrics.length > limit && { nextAfter: page.at(-1) }),
    ...(query.kind === 'work' &&
      (after !== undefined || metrics.length > limit) && {
        foremost: await node.index.foremostMetrics(FOREMOST_MAX),
      }),
  }
}

/** The metrics that a query asks for, by name. */
async function metricsOf(
  { index }: ReadContext,
  { metric, kind }: FrontierQuery,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<string[]> {
  if (metric !== undefined) return after === undefined ? [metric] : []
  return index.metrics({
    ofWorks: kind === 'work',
    limit,
    ...(after === undefined ? {} : { after }),
  })
}

const originsBehind = (node: ReadContext, rankings: readonly Ranking[]) =>
  OriginsBehind.of(
    node,
    rankings.flatMap(({ places }) => places.map(({ cid }) => cid)),
  )

function entryOf({ cid, value, info }: RankedPlace): FrontierEntry {
  return {
    cid,
    summary: info.summary,
    value,
    kind: info.kind,
    mode: info.mode,
    agentId: info.agent.agentId,
  }
}

/** What of the federated frontier is asked for. */
export interface FederatedQuery extends Pick<FrontierQuery, 'minOrigins' | 'attested'> {
  /** Whether entries that are held say which groves stand behind them. */
  readonly origins?: boolean
}

/**
 * The best works that are known anywhere: what is held here, then what peers advertise, each
 * dimension by itself. Of a held item an advertisement is shown only where the manifest says the
 * same; signals never are. Who stands behind an item is known only of what is held.
 */
export async function federatedFrontier(
  node: ReadContext,
  { origins = false, minOrigins, attested }: FederatedQuery = {},
): Promise<FederatedAnswer> {
  const now = node.clock.now()
  const metrics = await node.index.metrics({ ofWorks: true, limit: OWN_METRICS })
  const rankings = await node.index.frontier({
    kind: 'work',
    dimensions: [...metrics, ...SIGNAL_METRICS],
    limit: OWN_DEPTH,
    ...(minOrigins !== undefined && { minOrigins }),
    ...(attested !== undefined && { attested }),
  })
  const behind = origins ? await originsBehind(node, rankings) : undefined
  const own: FederatedEntry[] = []
  for (const ranking of rankings) {
    await node.breathe()
    for (const place of ranking.places)
      own.push({
        ...ownEntry(node, ranking, place, attested === true || behind?.isAttested(place.cid)),
        ...(behind && { origins: behind.entry(place) }),
      })
  }
  const caveats = await caveatsOf(node.index, rankings)
  if (minOrigins !== undefined || attested === true) return { entries: own, ...caveats }
  await node.breathe()
  const shown = new Set(own.map((entry) => `${dimensionKey(entry)} ${entry.cid}`))
  const advertised = node.gossip
    .federated(now)
    .filter((item) => !shown.has(`${dimensionKey(item)} ${item.cid}`))
  const held = await heldOf(
    node,
    advertised.map((item) => item.cid),
  )
  const judged = await node.origins.judgements([...held.keys()])
  const blocked = new Set([...held.keys()].filter((_, n) => judged[n] === 'blocked'))
  const believable = advertised.filter((item) => {
    if (blocked.has(item.cid)) return false
    const manifest = held.get(item.cid)?.manifest
    return (
      manifest === undefined ||
      (manifest.kind === 'work' && !isSignalMetric(item.metric) && !contradicts(manifest, item))
    )
  })
  return {
    entries: [...own, ...believable.map((item) => advertisedEntry(item, held.get(item.cid)))],
    ...caveats,
  }
}

async function heldOf(node: ReadContext, cids: readonly Cid[]): Promise<Map<Cid, Gist>> {
  const held = new Map<Cid, Gist>()
  for await (const gist of node.gists.each(node, new Set(cids))) held.set(gist.cid, gist)
  return held
}

function ownEntry(
  node: ReadContext,
  { metric, direction }: Ranking,
  { cid, value, info }: RankedPlace,
  isAttested = false,
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
    level: beliefIn({ ...beliefInputOf({ metric, value }), isAttested }, metric).level,
    held: true,
    providers,
    firstSeen: timestamp(recencyOf(info.createdAt, node.clock.now())),
    ...aboutOf(info),
  }
}

type AdvertisedItem = ReturnType<ReadContext['gossip']['federated']>[number]

function advertisedEntry(item: AdvertisedItem, gist: Gist | undefined): FederatedEntry {
  const held = gist !== undefined
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
    ...(gist === undefined ? {} : aboutOf(gist.manifest)),
  }
}

function aboutOf({ summary, kind, agent }: Omit<Gist['manifest'], 'scores'>) {
  return { summary, kind, agentId: agent.agentId }
}
