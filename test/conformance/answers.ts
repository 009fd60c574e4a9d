import type { Cid } from '../../src/core/cid.ts'
import type { Contribution } from '../../src/core/contribution/contribution.ts'
import { ABOUT_KINDS } from '../../src/core/contribution/relation.ts'
import type { Support } from '../../src/core/ranking/directions.ts'
import type { Filter } from '../../src/core/wire/frontier.ts'
import type { FrontierQuery, GraphIndex } from '../../src/ports/graph-index.ts'
import type { GraphStore } from '../../src/ports/graph-store.ts'
import { cidsOf, sortedCids } from './samples.ts'

const filters: readonly Filter[] = [
  {},
  { kind: 'work' },
  { kind: 'work', tags: ['ml'] },
  { kind: 'review' },
  { mode: 'evaluation', tags: ['ml'] },
  { tags: ['a', 'späte'] },
  { tags: ['～'] },
  { agentId: '😀' },
  { agentName: 'b' },
  { context: { seed: 1 } },
  { context: { hardware: 'H100', seed: 1 } },
]
const searches = ['attention', 'tune attention', 'GROSSE', 'größe', 'a', 'nothing of the kind']

/** What each question of the index is answered about a graph, as plain values. */
const asked: {
  readonly [Q in keyof GraphIndex]: (store: GraphStore, cids: readonly Cid[]) => Promise<unknown>
} = {
  edges: async (store, cids) => [
    await Promise.all(cids.map((cid) => store.edges(cid, 'in'))),
    await Promise.all(cids.map((cid) => store.edges(cid, 'in', { types: ['reviews'], limit: 2 }))),
    await Promise.all(cids.map((cid) => store.edges(cid, 'out', { types: ['adopts', 'reviews'] }))),
  ],
  sources: (store, cids) => {
    const query = { types: ['reviews', 'adopts'], after: cids[0], limit: 2 } as const
    return Promise.all(cids.map((cid) => store.sources(cid, query)))
  },
  related: (store, cids) =>
    Promise.all(
      cids.map(async (cid) => {
        const page = { limit: 2, offset: 1 }
        const { items, total } = await store.related(cid, ['reviews', 'adopts'], page)
        return { cids: cidsOf(items), total }
      }),
    ),
  // In what order, depends on what arrived first.
  said: (store, cids) =>
    Promise.all(
      cids.map(async (cid) => {
        const { said } = await store.said(cid, { kinds: ABOUT_KINDS, limit: 100 })
        return said.map(({ source, type, at }) => `${at.kind} ${type} ${source}`).sort()
      }),
    ),
  edgeCounts: (store, cids) => Promise.all(cids.map((cid) => store.edgeCounts(cid))),
  backing: (store, cids) => store.backing(cids),
  signals: (store, cids) => Promise.all(cids.map((cid) => store.signals(cid))),
  list: (store) => Promise.all(filters.map((filter) => listOf(store, filter))),
  search: async (store) => [
    await Promise.all(searches.map((text) => foundBy(store, text, {}))),
    await Promise.all(filters.map((filter) => foundBy(store, 'attention', filter))),
  ],
  frontier: async (store) => [
    await Promise.all(
      filters.flatMap((filter) => [1, 50].map((limit) => frontierOf(store, { ...filter, limit }))),
    ),
    await frontierOf(store, { direction: 'maximize', metric: 'loss', limit: 3 }),
    await frontierOf(store, { minOrigins: 1, limit: 2 }),
    await frontierOf(store, { kind: 'work', tags: ['ml'], minOrigins: 2, limit: 50 }),
    await frontierOf(store, { attested: true, limit: 50 }),
  ],
  bestWorks: async (store) => {
    const places = await store.bestWorks(['_recency', '_review_score', 'loss', '😀'], 3)
    return places.map(({ value, ...place }) => ({ ...place, value: value === 0 ? 0 : value }))
  },
  metrics: (store) =>
    Promise.all([
      store.metrics({ limit: 10 }),
      store.metrics({ limit: 2, after: 'loss', ofWorks: true }),
    ]),
  scoreForms: async (store) => {
    const forms = await store.scoreForms(['loss', 'val_bpb'], 5)
    return forms.map(({ latest: _byArrival, ...form }) => form)
  },
  foremostMetrics: (store) => store.foremostMetrics(10),
  directions: async (store) => {
    const found = await store.directions(['loss', 'val_bpb', 'nosuch'])
    const told = ({ published, voices }: Support) => [published, voices]
    return found.map(({ minimize, maximize }) => [told(minimize), told(maximize)])
  },
  threads: (store) => Promise.all([[], ['ml']].map((tags) => threadsOf(store, tags))),
}
/** What a store's index answers to every question of the port about a graph, as plain values. */
export async function answersOf(
  store: GraphStore,
  graph: readonly Contribution[],
): Promise<Record<string, unknown>> {
  const cids = cidsOf(graph)
  const answers = Object.entries(asked).map(
    async ([name, ask]) => [name, await ask(store, cids)] as const,
  )
  return { count: await store.count(), ...Object.fromEntries(await Promise.all(answers)) }
}

/**
 * The same without what depends on the order of arrival, which decides on the direction of a metric
 * where nothing else does: rankings are asked for in each direction.
 */
export async function answersInAnyOrder(
  store: GraphStore,
  graph: readonly Contribution[],
): Promise<unknown> {
  const { frontier: _, bestWorks: __, ...answers } = await answersOf(store, graph)
  const queries = (['minimize', 'maximize'] as const).flatMap((direction) =>
    filters.flatMap((filter) => [1, 50].map((limit) => ({ ...filter, direction, limit }))),
  )
  const frontiers = await Promise.all(queries.map((query) => frontierOf(store, query)))
  return { ...answers, frontiers }
}

export async function frontierOf(store: GraphStore, query: FrontierQuery): Promise<unknown> {
  const rankings = await store.frontier(query)
  return rankings.map(({ metric, direction, places }) => ({
    metric,
    direction,
    places: places.map(({ cid, value, info }) => [cid, value === 0 ? 0 : value, info]),
  }))
}

/** Best matches, by cid: stores may rank them differently. */
async function foundBy(store: GraphStore, text: string, filter: Filter): Promise<Cid[]> {
  return sortedCids((await store.search(text, filter, 100)).items)
}

async function listOf(store: GraphStore, filter: Filter): Promise<unknown> {
  const { items, total } = await store.list(filter, { limit: 7, offset: 2 })
  return { cids: cidsOf(items), total }
}

async function threadsOf(store: GraphStore, tags: string[]): Promise<unknown> {
  const threads = await store.threads({ tags, limit: 50, unanswered: true })
  return threads.map(({ root, replyCount, lastReplyAt }) => [root.cid, replyCount, lastReplyAt])
}
