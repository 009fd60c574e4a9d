/** Whose word counts: SQLite beside the reference, whatever is said of keys in whatever order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Contribution } from '../../src/core/contribution/contribution.ts'
import type { RelationType } from '../../src/core/contribution/schema.ts'
import { type KeyId, keyIdFromBytes } from '../../src/core/identity/ed25519.ts'
import type { Origin } from '../../src/core/identity/origin.ts'
import { admissions } from '../../src/core/peers/admission.ts'
import type { KeyStanding } from '../../src/core/peers/counting.ts'
import type { GraphStore } from '../../src/ports/graph-store.ts'
import type { NewCounting } from '../../src/ports/origin-store.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { memoryStores } from '../../src/stores/memory/open.ts'
import { answersInAnyOrder, answersOf } from './answers.ts'
import { broughtBy, graphArbitrary, local, relation, sample } from './samples.ts'
import { temporaryStores } from './temporary.ts'

const KEYS = 4
const keyOf = (n: number): KeyId => keyIdFromBytes(new Uint8Array(32).fill(n + 1))
/** Stores don't verify: any signature will do. */
const originBy = (n: number): Origin => ({
  peerId: keyOf(n),
  at: 1_000 + n,
  signature: Buffer.alloc(64, n).toString('base64url'),
})

type Step =
  | { readonly type: 'put'; readonly item: Contribution; readonly keys: readonly number[] }
  | { readonly type: 'sign'; readonly item: Contribution; readonly keys: readonly number[] }
  | { readonly type: 'judge'; readonly counting: NewCounting }

const keys = fc.subarray(Array.from({ length: KEYS }, (_, n) => n))
const standings = fc
  .array(
    fc.constantFrom<(KeyStanding | undefined)[]>('own', 'trusted', 'member', 'blocked', undefined),
    {
      minLength: KEYS,
      maxLength: KEYS,
    },
  )
  .map((each) => {
    const said = each.flatMap((standing, n) =>
      standing === undefined ? [] : [[keyOf(n), standing] as const],
    )
    return new Map<KeyId, KeyStanding>(said)
  })
/** Some keys have followed others. */
const aliases = fc.constantFrom(
  new Map<KeyId, KeyId>(),
  new Map([[keyOf(0), keyOf(1)]]),
  new Map([
    [keyOf(0), keyOf(2)],
    [keyOf(1), keyOf(2)],
  ]),
)
const counting: fc.Arbitrary<NewCounting> = fc.record({
  admission: fc.constantFrom(...admissions),
  standings,
  aliases,
})

interface Story {
  readonly graph: readonly Contribution[]
  readonly steps: readonly Step[]
}

/** All of a graph is put, in between keys are spoken of, and some work is signed late. */
const stories: fc.Arbitrary<Story> = graphArbitrary.chain((graph) => {
  const puts = graph.map((item) =>
    keys.map((signers): Step => ({ type: 'put', item, keys: signers })),
  )
  const late = fc.array(
    fc.oneof(
      counting.map((said): Step => ({ type: 'judge', counting: said })),
      fc
        .tuple(fc.constantFrom(...graph), keys)
        .map(([item, signers]): Step => ({ type: 'sign', item, keys: signers })),
    ),
    { maxLength: 6 },
  )
  return fc
    .tuple(fc.tuple(...puts), late, late)
    .chain(([put, between, after]) =>
      fc
        .shuffledSubarray([...put, ...between], { minLength: put.length + between.length })
        .map((steps) => ({ graph, steps: [...steps, ...after] })),
    )
})

/** Some are published here, others come from either of two hosts. */
function provenanceOf({ cid }: Contribution) {
  const digit = Number.parseInt(cid.slice(-1), 16)
  return digit % 3 === 0 ? local() : broughtBy(digit % 3 === 1 ? 'a' : 'b')
}

async function judge({ origins }: GraphStore, said: NewCounting): Promise<void> {
  if (!(await origins.judge(said))) return
  for (let isDone = false; !isDone; ) isDone = (await origins.recount()).isDone
}

async function take(store: GraphStore, step: Step): Promise<void> {
  if (step.type === 'judge') return judge(store, step.counting)
  const origins = step.keys.map(originBy)
  const provenance = provenanceOf(step.item)
  if (step.type === 'put') await store.put(step.item, provenance, { origins })
  else await store.origins.add(step.item.cid, origins, 'peer')
}

const METRICS = ['val_bpb', 'loss', '～', '😀']

const answers = async (store: GraphStore, graph: readonly Contribution[]) => ({
  ...(await answersOf(store, graph)),
  support: await store.directions(METRICS),
  forms: await store.scoreForms(METRICS, 10),
  judgements: await store.origins.judgements(graph.map(({ cid }) => cid)),
})

test('SQLite counts like the reference, whoever is trusted or blocked and whatever is signed late', async () => {
  await fc.assert(
    fc.asyncProperty(stories, async ({ graph, steps }) => {
      await using opened = await temporaryStores()
      const memory = memoryStores(systemRandom)
      for (const step of steps) {
        await take(opened.stores.graph, step)
        await take(memory.graph, step)
        if (step.type === 'judge')
          assert.deepEqual(
            await answers(opened.stores.graph, graph),
            await answers(memory.graph, graph),
          )
      }
      assert.deepEqual(
        await answers(opened.stores.graph, graph),
        await answers(memory.graph, graph),
      )
    }),
    { numRuns: 40 },
  )
})

test('what counts follows from contributions, origins and standings, not from their order', async () => {
  await fc.assert(
    fc.asyncProperty(stories, counting, async ({ graph, steps }, last) => {
      await using one = await temporaryStores()
      await using other = await temporaryStores()
      for (const step of steps) await take(one.stores.graph, step)
      await judge(one.stores.graph, last)

      await judge(other.stores.graph, last)
      for (const step of steps) if (step.type !== 'judge') await take(other.stores.graph, step)

      assert.deepEqual(
        await answersInAnyOrder(one.stores.graph, graph),
        await answersInAnyOrder(other.stores.graph, graph),
      )
    }),
    { numRuns: 15 },
  )
})

test('in members, work of a grove that nobody listed leaves the rankings once it is blocked', async () => {
  const work = sample({ summary: 'of a stranger' })
  const judged = async (store: GraphStore) => {
    await store.put(work, broughtBy('a'), { origins: [originBy(1)] })
    await judge(store, { admission: 'members', standings: new Map() })
    const before = await store.origins.judgements([work.cid])
    await judge(store, { admission: 'members', standings: new Map([[keyOf(1), 'blocked']]) })
    return [...before, ...(await store.origins.judgements([work.cid]))]
  }
  await using opened = await temporaryStores()

  assert.deepEqual(await judged(opened.stores.graph), ['uncounted', 'blocked'])
  assert.deepEqual(await judged(memoryStores(systemRandom).graph), ['uncounted', 'blocked'])
})

test('two keys of one grove count once, and what it says of its own work attests nothing', async () => {
  const work = sample({ summary: 'signed with the key before' })
  const by = (n: number, type: RelationType) =>
    [sample({ summary: `${type} ${n}`, relations: [relation(type, work.cid)] }), n] as const
  const said = [[work, 0], by(0, 'adopts'), by(1, 'adopts'), by(1, 'reproduces')] as const
  const standings = new Map<KeyId, KeyStanding>([
    [keyOf(0), 'trusted'],
    [keyOf(1), 'trusted'],
  ])
  const told = async (store: GraphStore) => {
    for (const [item, n] of said) await store.put(item, broughtBy('a'), { origins: [originBy(n)] })
    await judge(store, { admission: 'members', standings })
    const before = await backingOf(store, work)
    await judge(store, { standings, aliases: new Map([[keyOf(0), keyOf(1)]]) })
    const ranked = await store.frontier({ dimensions: ['_adoption'], limit: 5, minOrigins: 2 })
    return { before, after: await backingOf(store, work), ranked }
  }
  await using opened = await temporaryStores()

  for (const store of [opened.stores.graph, memoryStores(systemRandom).graph])
    assert.deepEqual(await told(store), {
      before: [2, 2, 2, true],
      after: [1, 1, 1, false],
      ranked: [],
    })
})

/** Groves behind the adoptions of a work, how many are trusted; behind itself; if it is attested. */
async function backingOf(store: GraphStore, { cid }: Contribution) {
  const [{ signedBy, trusted, work, isAttested } = assert.fail()] = await store.backing([cid])
  return [signedBy.adoption, trusted.adoption, work.groves, isAttested]
}
