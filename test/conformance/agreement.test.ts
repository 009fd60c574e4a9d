import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Contribution } from '../../src/core/contribution/contribution.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { memoryStores } from '../../src/stores/memory/open.ts'
import { answersInAnyOrder, answersOf, frontierOf } from './answers.ts'
import { broughtBy, graphArbitrary, local } from './samples.ts'
import { temporaryStores } from './temporary.ts'

interface Shuffled {
  readonly graph: readonly Contribution[]
  readonly order: readonly Contribution[]
}

const shuffledGraph: fc.Arbitrary<Shuffled> = graphArbitrary.chain((graph) =>
  fc.shuffledSubarray(graph, { minLength: graph.length }).map((order) => ({ graph, order })),
)

/** Some are published here, others come from either of two hosts. */
function provenanceOf({ cid }: Contribution) {
  const digit = Number.parseInt(cid.slice(-1), 16)
  return digit % 3 === 0 ? local() : broughtBy(digit % 3 === 1 ? 'a' : 'b')
}

test('SQLite answers like the reference, whatever is stored in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(shuffledGraph, async ({ graph, order }) => {
      await using opened = await temporaryStores()
      const memory = memoryStores(systemRandom)
      await Promise.all(
        order.map((contribution) =>
          opened.stores.graph.put(contribution, provenanceOf(contribution)),
        ),
      )
      for (const { stored } of await opened.stores.graph.since(0, graph.length))
        await memory.graph.put(stored, stored.provenance)

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
        await opened.stores.graph.put(contribution, provenanceOf(contribution))
        await memory.graph.put(contribution, provenanceOf(contribution))

        assert.deepEqual(
          await frontierOf(opened.stores.graph, { limit: 50 }),
          await frontierOf(memory.graph, { limit: 50 }),
        )
      }
    }),
    { numRuns: 15 },
  )
})

test('the order of arrival changes no answer but the direction of a tie', async () => {
  await fc.assert(
    fc.asyncProperty(shuffledGraph, async ({ graph, order }) => {
      const [causal, shuffled] = [memoryStores(systemRandom), memoryStores(systemRandom)]
      for (const contribution of graph)
        await causal.graph.put(contribution, provenanceOf(contribution))
      for (const contribution of order)
        await shuffled.graph.put(contribution, provenanceOf(contribution))

      assert.deepEqual(
        await answersInAnyOrder(shuffled.graph, graph),
        await answersInAnyOrder(causal.graph, graph),
      )
    }),
  )
})
