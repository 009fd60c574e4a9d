import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contribution } from '../../src/core/contribution/contribution.ts'
import { below } from '../../src/core/random.ts'
import type { Filter } from '../../src/core/wire/frontier.ts'
import type { GraphStore } from '../../src/ports/graph-store.ts'
import { seeded } from '../../src/runtime/random.ts'
import { memoryStores } from '../../src/stores/memory/open.ts'
import { at, cidsOf, local, relation, sample } from './samples.ts'
import { temporaryStores } from './temporary.ts'

const SIZE = 12_000

/**
 * A graph with tags that match everything, much, little and nothing. Matches are spread evenly over
 * a dimension, or only at its end (`last`): index scans end early, late, or without a match.
 */
function largeGraph(): Contribution[] {
  const random = seeded(42)
  const graph: Contribution[] = []
  for (let index = 0; index < SIZE; index++) {
    const value = below(random, 3_000)
    const tags = [
      'all',
      ...(below(random, 2) === 0 ? ['half'] : []),
      ...(below(random, 400) === 0 ? ['rare'] : []),
    ]
    const target = graph[below(random, Math.max(1, graph.length))]
    graph.push(
      sample({
        summary: `number ${index}`,
        createdAt: at(below(random, 5_000)),
        tags: value > 2_700 ? [...tags, 'last'] : tags,
        scores: { loss: { value, direction: 'minimize' } },
        relations:
          target !== undefined && below(random, 3) === 0 ? [relation('adopts', target.cid)] : [],
      }),
    )
  }
  return graph
}

const filters: readonly Filter[] = [
  ['all'],
  ['half'],
  ['rare'],
  ['last'],
  ['half', 'last'],
  ['rare', 'last'],
  ['none'],
].map((tags) => ({ tags }))

async function frontierOf(store: GraphStore, filter: Filter, limit: number): Promise<unknown> {
  const rankings = await store.frontier({ ...filter, limit })
  return rankings.map(({ metric, places }) => [
    metric,
    places.map(({ cid, value }) => [cid, value]),
  ])
}

test('a filter has the same matches in a large graph, by any way of finding them', async () => {
  await using opened = await temporaryStores()
  const sqlite = opened.stores.graph
  const memory = memoryStores(seeded(1)).graph
  const graph = largeGraph()
  await Promise.all(
    graph.flatMap((contribution) =>
      [sqlite, memory].map((store) => store.put(contribution, local())),
    ),
  )

  for (const filter of filters) {
    for (const limit of [1, 10, 300]) {
      assert.deepEqual(
        await frontierOf(sqlite, filter, limit),
        await frontierOf(memory, filter, limit),
        `${filter.tags} ${limit}`,
      )
    }
    for (const offset of [0, 20, 9_000]) {
      const page = { limit: 25, offset }
      const [actual, expected] = [await sqlite.list(filter, page), await memory.list(filter, page)]
      assert.deepEqual(
        [cidsOf(actual.items), actual.total],
        [cidsOf(expected.items), expected.total],
        `${filter.tags} ${offset}`,
      )
    }
  }
})
