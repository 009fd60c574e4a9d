import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { definedOnly } from '../../src/api/schema/defined.ts'
import type { Contribution } from '../../src/core/contribution/contribution.ts'
import type { RelationType } from '../../src/core/contribution/schema.ts'
import { below, type Random } from '../../src/core/random.ts'
import type { FrontierQuery } from '../../src/ports/graph-index.ts'
import { seeded, systemRandom } from '../../src/runtime/random.ts'
import { memoryStores } from '../../src/stores/memory/open.ts'
import { frontierOf } from './answers.ts'
import { at, cidsOf, local, names, relation, sample, sortedCids } from './samples.ts'
import { temporaryStores } from './temporary.ts'

/** More than are read without the reader's thread. */
const SIZE = 2_100

const kinds = ['work', 'review', 'discussion', 'plan'] as const
const modes = ['evaluation', 'exploration'] as const
const metrics = ['loss', 'speed', '～'] as const
const types: readonly RelationType[] = ['responds_to', 'adopts', 'reviews']
const directions = ['minimize', 'maximize'] as const
const words = ['attention', 'heads', 'größe', 'cache']

/** Tags are the rarer, the later they stand in the list of names. */
function graphOf(random: Random): Contribution[] {
  const oneOf = <T>(all: readonly T[]): T => all[below(random, all.length)] as T
  const graph: Contribution[] = []
  for (let n = 0; n < SIZE; n++) {
    const target = graph[below(random, 1 + below(random, Math.max(1, n)))]
    const isLinked = target !== undefined && below(random, 2) === 0
    graph.push(
      sample({
        kind: oneOf(kinds),
        mode: below(random, 9) === 0 ? 'exploration' : 'evaluation',
        summary: `${oneOf(words)} ${oneOf(words)} ${n}`,
        tags: names.filter((_, index) => below(random, 3 ** index) === 0),
        agent: { agentId: oneOf(names), agentName: oneOf(names) },
        createdAt: at(below(random, 1_000)),
        scores: { [oneOf(metrics)]: { value: below(random, 50), direction: oneOf(directions) } },
        relations: isLinked ? [relation(oneOf(types), target.cid)] : [],
      }),
    )
  }
  return graph
}

const name = fc.constantFrom(...names)
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const filter = fc
  .record({
    kind: optional(fc.constantFrom(...kinds)),
    mode: optional(fc.constantFrom(...modes)),
    tags: fc.uniqueArray(name, { maxLength: 2 }),
    agentId: optional(name),
    agentName: optional(name),
  })
  .map(definedOnly)

const choice = fc
  .record({
    anyTag: optional(fc.uniqueArray(name, { maxLength: 3 })),
    anyKind: optional(fc.uniqueArray(fc.constantFrom(...kinds), { maxLength: 3 })),
    metric: optional(fc.constantFrom(...metrics)),
    direction: optional(fc.constantFrom(...directions)),
    dimensions: optional(fc.uniqueArray(fc.constantFrom(...metrics, '_recency', '_adoption'))),
    limit: fc.constantFrom(1, 7, 500),
  })
  .map(definedOnly)

const page = fc.record({ limit: fc.constantFrom(1, 20), offset: fc.constantFrom(0, 3, 700) })

test('whatever the filter, many contributions are answered for as the reference does', async () => {
  await using opened = await temporaryStores()
  const sqlite = opened.stores.graph
  const memory = memoryStores(systemRandom).graph
  const graph = graphOf(seeded(7))
  await Promise.all(graph.map((item) => sqlite.put(item, local())))
  for (const item of graph) await memory.put(item, local())

  await fc.assert(
    fc.asyncProperty(filter, choice, page, async (asked, more, part) => {
      const query: FrontierQuery = { ...asked, ...more }
      const [text] = asked.tags
      const threads = { tags: asked.tags, limit: part.limit, unanswered: part.offset > 0 }
      const answers = [sqlite, memory].map(async (store) => ({
        frontier: await frontierOf(store, query),
        list: await store.list(asked, part).then(({ items, total }) => [cidsOf(items), total]),
        search: sortedCids((await store.search(`att* ${text ?? ''}`, asked, SIZE)).items),
        threads: (await store.threads(threads)).map(({ root, ...thread }) => [root.cid, thread]),
      }))
      const [found, expected] = await Promise.all(answers)
      assert.deepEqual(found, expected)
    }),
    { numRuns: 60 },
  )
})
