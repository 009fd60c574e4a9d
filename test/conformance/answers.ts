import type { Contribution } from '../../src/core/contribution/contribution.ts'
import type { Filter } from '../../src/core/wire/frontier.ts'
import type { GraphStore } from '../../src/ports/graph-store.ts'
import { cidsOf } from './samples.ts'

const filters: readonly Filter[] = [
  {},
  { kind: 'work' },
  { mode: 'evaluation', tags: ['ml'] },
  { tags: ['a', 'späte'] },
  { agentId: 'infra' },
  { agentName: 'b' },
  { context: { seed: 1 } },
  { context: { hardware: 'H100', seed: 1 } },
]
const searches = ['attention', 'tune attention', 'GROSSE', 'größe', 'a', 'nothing of the kind']

/** Everything that a store answers about a graph, as plain values. */
export async function answersOf(
  store: GraphStore,
  graph: readonly Contribution[],
): Promise<unknown> {
  const cids = graph.map(({ cid }) => cid)
  return {
    count: await store.count(),
    frontiers: await Promise.all(
      filters.flatMap((filter) => [1, 50].map((limit) => frontierOf(store, filter, limit))),
    ),
    upward: await store
      .frontier({ direction: 'maximize', metric: 'loss', limit: 3 })
      .then((found) => found.map(({ metric }) => metric)),
    lists: await Promise.all(filters.map((filter) => listOf(store, filter))),
    searches: await Promise.all(
      searches.map(async (text) => cidsOf(await store.search(text, {}, 100)).sort()),
    ),
    filtered: await Promise.all(
      filters.map(async (filter) => cidsOf(await store.search('attention', filter, 100)).sort()),
    ),
    signals: await Promise.all(cids.map((cid) => store.signals(cid))),
    into: await Promise.all(cids.map((cid) => store.edges(cid, 'in'))),
    outOf: await Promise.all(
      cids.map((cid) => store.edges(cid, 'out', { types: ['adopts', 'reviews'] })),
    ),
    threads: await Promise.all([[], ['ml']].map((tags) => threadsOf(store, tags))),
  }
}

export async function frontierOf(
  store: GraphStore,
  filter: Filter,
  limit: number,
): Promise<unknown> {
  const rankings = await store.frontier({ ...filter, limit })
  return rankings.map(({ metric, direction, places }) => ({
    metric,
    direction,
    places: places.map(({ cid, value, info }) => [cid, value === 0 ? 0 : value, info]),
  }))
}

async function listOf(store: GraphStore, filter: Filter): Promise<unknown> {
  const { items, total } = await store.list(filter, { limit: 7, offset: 2 })
  return { cids: cidsOf(items), total }
}

async function threadsOf(store: GraphStore, tags: string[]): Promise<unknown> {
  const threads = await store.threads({ tags, limit: 50 })
  return threads.map(({ root, replyCount, lastReplyAt }) => [root.cid, replyCount, lastReplyAt])
}
