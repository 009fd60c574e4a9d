import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isCid } from '../../../src/core/cid.ts'
import { sealDraft } from '../../../src/core/contribution/contribution.ts'
import type { RelationType } from '../../../src/core/contribution/schema.ts'
import { breadthFirst } from '../../../src/core/contribution/walk.ts'
import type { Ranking } from '../../../src/ports/graph-index.ts'
import type { GraphStore } from '../../../src/ports/graph-store.ts'
import { local, type Opened } from '../samples.ts'
import { filterOf, type Question, readScenario, rowsOf } from '../scenario.ts'

const cidsOf = (items: readonly { readonly cid: string }[]): string[] => items.map(({ cid }) => cid)

/**
 * Replays the recorded posts on a store, and compares every recorded answer, as
 * spec/vectors/README.md says.
 */
export function scenarioSuite(name: string, open: () => Promise<Opened<GraphStore>>): void {
  describe(`${name}: the recorded scenario`, () => {
    const { posts, questions } = readScenario()

    test('every post gets its recorded cid', () => {
      for (const { body, cid } of posts) assert.equal(sealDraft(body, 0).cid, cid)
    })

    for (const route of ['frontier', 'dag', 'threads', 'search', 'contributions'] as const) {
      test(`every recorded answer of ${route} is the same`, async () => {
        await using opened = await open()
        for (const { body } of posts) await opened.store.put(sealDraft(body, 0), local())
        const asked = questions.filter((question) => question.route === route)

        for (const question of asked) await check[route](opened.store, question)

        assert.ok(asked.length > 0)
      })
    }
  })
}

const check: Record<Question['route'], (store: GraphStore, question: Question) => Promise<void>> = {
  frontier: checkFrontier,
  dag: checkNeighbours,
  threads: (store, question) =>
    question.rest.length === 0 ? checkThreadList(store, question) : checkThread(store, question),
  search: checkSearch,
  contributions: checkList,
}

const limitOf = (query: URLSearchParams, otherwise: number): number =>
  Number(query.get('limit') ?? otherwise)

async function checkFrontier(store: GraphStore, { path, query, body }: Question): Promise<void> {
  const metric = query.get('metric')
  const rankings = await store.frontier({
    ...filterOf(query),
    ...(metric === null ? {} : { metric }),
    limit: limitOf(query, 10),
  })

  const { byMetric, byAdoption, byRecency, byReviewScore, byReproduction } = body as Record<
    string,
    unknown
  >
  const signals = {
    _adoption: byAdoption,
    _recency: byRecency,
    _review_score: byReviewScore,
    _reproduction: byReproduction,
  }
  const expected = Object.entries({ ...(byMetric as Record<string, unknown>), ...signals })
  for (const [name, rows] of expected)
    checkRanking(
      `${path} ${name}`,
      rankings.find((ranking) => ranking.metric === name),
      rowsOf(rows),
    )
  assert.deepEqual(
    rankings.filter(({ metric: name }) => !expected.some(([known]) => known === name)),
    [],
    path,
  )
}

function checkRanking(
  what: string,
  ranking: Ranking | undefined,
  rows: ReturnType<typeof rowsOf>,
): void {
  const places = ranking?.places ?? []
  assert.deepEqual(cidsOf(places), cidsOf(rows), what)
  for (const [index, { value }] of rows.entries())
    assert.ok(Math.abs((places[index]?.value ?? Number.NaN) - value) < 1e-9, what)
}

async function checkNeighbours(
  store: GraphStore,
  { path, rest: [cid, which], body }: Question,
): Promise<void> {
  assert.ok(isCid(cid))
  const edges = await store.edges(cid, which === 'children' ? 'in' : 'out')
  const found = await store.getMany(
    edges.map((edge) => (which === 'children' ? edge.source : edge.target)),
  )

  assert.deepEqual(new Set(cidsOf(found)), new Set(cidsOf(rowsOf(body))), path)
}

async function checkThread(
  store: GraphStore,
  { path, rest: [cid], body }: Question,
): Promise<void> {
  assert.ok(isCid(cid))
  const types: RelationType[] = ['responds_to']
  const walk = breadthFirst(cid, { maxDepth: 50, maxCount: 1_000 })
  let step = walk.next()
  while (!step.done) {
    const replies = step.value.map(
      async (from) => [from, await store.edges(from, 'in', { types })] as const,
    )
    step = walk.next(
      new Map(
        (await Promise.all(replies)).map(([from, edges]) => [
          from,
          edges.map((edge) => edge.source),
        ]),
      ),
    )
  }

  const nodes = (body as { nodes: { cid: string; depth: number }[] }).nodes
  const byText = (items: readonly { cid: string; depth: number }[]) =>
    items.map((node) => `${node.depth} ${node.cid}`).sort()
  assert.deepEqual(byText(step.value), byText(nodes), path)
}

async function checkThreadList(store: GraphStore, { path, query, body }: Question): Promise<void> {
  const threads = await store.threads({ limit: limitOf(query, 20) })

  const recorded = (body as { threads: { cid: string; replyCount: number; lastReplyAt: string }[] })
    .threads
  assert.deepEqual(
    threads.map(({ root, replyCount, lastReplyAt }) => ({
      cid: root.cid,
      replyCount,
      lastReplyAt,
    })),
    recorded.map(({ cid, replyCount, lastReplyAt }) => ({
      cid,
      replyCount,
      lastReplyAt: Date.parse(lastReplyAt),
    })),
    path,
  )
}

async function checkSearch(store: GraphStore, { path, query, body }: Question): Promise<void> {
  const limit = limitOf(query, 10)
  const found = (await store.search(query.get('q') ?? '', filterOf(query), limit)).items

  const recorded = cidsOf((body as { results: { cid: string }[] }).results)
  assert.ok(recorded.length < limit, 'the recorded searches found fewer than their limit')
  assert.deepEqual(new Set(cidsOf(found)), new Set(recorded), path)
}

async function checkList(store: GraphStore, { path, query, body }: Question): Promise<void> {
  const page = { limit: limitOf(query, 50), offset: Number(query.get('offset') ?? 0) }
  const { items: listed } = await store.list(filterOf(query), page)
  const items = await store.getMany(listed.map(({ cid }) => cid))

  assert.deepEqual(
    items.map(({ manifest }) => manifest.createdAt),
    rowsOf(body).map(({ createdAt }) => createdAt),
    path,
  )
}
