import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Cid } from '../../src/core/cid.ts'
import type { Contribution } from '../../src/core/contribution/contribution.ts'
import type { Filter } from '../../src/core/wire/frontier.ts'
import type { Stored } from '../../src/ports/contribution-store.ts'
import type { GraphStore } from '../../src/ports/graph-store.ts'
import { memoryStores } from '../../src/stores/memory/open.ts'
import { graphArbitrary, local } from './samples.ts'
import { temporaryStores } from './temporary.ts'

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

interface Shuffled {
  readonly graph: readonly Contribution[]
  readonly order: readonly Contribution[]
}

const shuffledGraph: fc.Arbitrary<Shuffled> = graphArbitrary.chain((graph) =>
  fc.shuffledSubarray(graph, { minLength: graph.length }).map((order) => ({ graph, order })),
)

/** All that a store answers about a graph, as plain values. */
async function answersOf(store: GraphStore, graph: readonly Contribution[]): Promise<unknown> {
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

const cidsOf = (items: readonly Stored[]): Cid[] => items.map(({ cid }) => cid)

async function frontierOf(store: GraphStore, filter: Filter, limit: number): Promise<unknown> {
  const rankings = await store.frontier({ ...filter, limit })
  return rankings.map(({ metric, direction, places }) => ({
    metric,
    direction,
    places: places.map(({ cid, value, contribution }) => [
      cid,
      value === 0 ? 0 : value,
      contribution.cid,
    ]),
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

test('SQLite answers as the reference does, whatever came in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(shuffledGraph, async ({ graph, order }) => {
      await using opened = await temporaryStores()
      const memory = memoryStores()
      await Promise.all(order.map((contribution) => opened.stores.graph.put(contribution, local())))
      for (const contribution of graph) await memory.graph.put(contribution, local())

      assert.deepEqual(
        await answersOf(opened.stores.graph, graph),
        await answersOf(memory.graph, graph),
      )
    }),
    { numRuns: 40 },
  )
})

test('SQLite answers alike after each step, whatever has not arrived yet', async () => {
  await fc.assert(
    fc.asyncProperty(shuffledGraph, async ({ order }) => {
      await using opened = await temporaryStores()
      const memory = memoryStores()
      for (const contribution of order) {
        await opened.stores.graph.put(contribution, local())
        await memory.graph.put(contribution, local())

        assert.deepEqual(
          await frontierOf(opened.stores.graph, {}, 50),
          await frontierOf(memory.graph, {}, 50),
        )
      }
    }),
    { numRuns: 15 },
  )
})

test('the order of arrival changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(shuffledGraph, async ({ graph, order }) => {
      const [causal, shuffled] = [memoryStores(), memoryStores()]
      for (const contribution of graph) await causal.graph.put(contribution, local())
      for (const contribution of order) await shuffled.graph.put(contribution, local())

      assert.deepEqual(await answersOf(shuffled.graph, graph), await answersOf(causal.graph, graph))
    }),
  )
})
