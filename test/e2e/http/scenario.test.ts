import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../../support/folder.ts'
import { postJson } from '../../support/http.ts'
import { serveNode } from '../../support/serve-node.ts'

interface Row {
  readonly cid: string
  readonly value: number
  readonly depth: number
  readonly createdAt: string
  readonly replyCount: number
  readonly lastReplyAt: string
}
interface Scenario {
  readonly posts: readonly { readonly body: unknown; readonly cid: string }[]
  readonly answers: readonly {
    readonly path: string
    readonly status: number
    readonly body: unknown
  }[]
}

const scenario = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../spec/vectors/scenario.json'), 'utf8'),
) as Scenario

for (const store of ['memory', 'sqlite'] as const) {
  test(`a recorded conversation with Grove 0.1 gets the same answers (${store})`, async () => {
    await using temporary = await temporaryDirectory()
    await using grove = await serveNode(store === 'memory' ? undefined : temporary.dir)

    for (const { body, cid } of scenario.posts) {
      const { cid: given } = await postJson<{ cid: string }>(
        grove.url,
        '/api/contributions',
        body,
        201,
      )
      assert.equal(given, cid)
    }

    assert.equal(scenario.answers.length, 77)
    for (const { path, status, body } of scenario.answers) {
      const answer = await fetch(grove.url + path)
      assert.equal(answer.status, status, path)
      assert.deepEqual(comparable(path, await answer.json()), comparable(path, body), path)
    }
  })
}

/** The normative part of an answer, by its route (spec/vectors/README.md). */
function comparable(path: string, body: unknown): unknown {
  const route = path.split(/[/?]/)[2]
  if (route === 'frontier') return frontierOf(body)
  if (route === 'dag') return sorted((body as Row[]).map((row) => row.cid))
  if (route === 'contributions') return (body as Row[]).map((row) => row.createdAt)
  if (route === 'search') return searchOf(path, body as { results: Row[]; count: number })
  if (path.startsWith('/api/threads/'))
    return sorted((body as { nodes: Row[] }).nodes.map(({ cid, depth }) => `${cid} ${depth}`))
  return (body as { threads: Row[] }).threads.map(({ replyCount, lastReplyAt }) => [
    replyCount,
    lastReplyAt,
  ])
}

function frontierOf(body: unknown): unknown {
  const { byMetric, ...signals } = body as { byMetric: Record<string, Row[]> } & Record<
    string,
    Row[]
  >
  const ranked = ({ cid, value, ...rest }: Row) => ({
    ...rest,
    cid,
    value: Number(value.toFixed(9)),
  })
  const all = (dimensions: Record<string, Row[]>) =>
    Object.fromEntries(Object.entries(dimensions).map(([name, rows]) => [name, rows.map(ranked)]))
  return { byMetric: all(byMetric), ...all(signals) }
}

/** A search that reached its limit may have other rows. */
function searchOf(path: string, { results, count }: { results: Row[]; count: number }): unknown {
  const limit = Number(new URL(path, 'http://grove').searchParams.get('limit'))
  return count < limit ? sorted(results.map((row) => row.cid)) : count
}

const sorted = (items: readonly string[]) => items.toSorted()
