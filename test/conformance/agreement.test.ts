import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Contribution } from '../../src/core/contribution/contribution.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { memoryStores } from '../../src/stores/memory/open.ts'
import { answersOf, frontierOf } from './answers.ts'
import { graphArbitrary, local } from './samples.ts'
import { temporaryStores } from './temporary.ts'

interface Shuffled {
  readonly graph: readonly Contribution[]
  readonly order: readonly Contribution[]
}

const shuffledGraph: fc.Arbitrary<Shuffled> = graphArbitrary.chain((graph) =>
  fc.shuffledSubarray(graph, { minLength: graph.length }).map((order) => ({ graph, order })),
)

test('SQLite answers like the reference, whatever is stored in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(shuffledGraph, async ({ graph, order }) => {
      await using opened = await temporaryStores()
      const memory = memoryStores(systemRandom)
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

test('SQLite answers like the reference after each step, whatever is still absent', async () => {
  await fc.assert(
    fc.asyncProperty(shuffledGraph, async ({ order }) => {
      await using opened = await temporaryStores()
      const memory = memoryStores(systemRandom)
      for (const contribution of order) {
        await opened.stores.graph.put(contribution, local())
        await memory.graph.put(contribution, local())

        assert.deepEqual(
          await frontierOf(opened.stores.graph, { limit: 50 }),
          await frontierOf(memory.graph, { limit: 50 }),
        )
      }
    }),
    { numRuns: 15 },
  )
})

test('the order of arrival changes no answer', async () => {
  await fc.assert(
    fc.asyncProperty(shuffledGraph, async ({ graph, order }) => {
      const [causal, shuffled] = [memoryStores(systemRandom), memoryStores(systemRandom)]
      for (const contribution of graph) await causal.graph.put(contribution, local())
      for (const contribution of order) await shuffled.graph.put(contribution, local())

      assert.deepEqual(await answersOf(shuffled.graph, graph), await answersOf(causal.graph, graph))
    }),
  )
})
