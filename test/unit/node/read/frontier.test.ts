import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localClient } from '../../../../src/api/client/local-client.ts'
import type { Draft, Score } from '../../../../src/core/contribution/schema.ts'
import type { FrontierAnswer } from '../../../../src/core/wire/frontier.ts'
import { Grove } from '../../../../src/grove.ts'
import { relation, sample } from '../../../conformance/samples.ts'
import { hold, testNode } from '../../../support/test-node.ts'

const scored = (value: number, more: Partial<Draft> = {}, score: Partial<Score> = {}) =>
  sample({
    summary: `${value}`,
    scores: { v: { value, direction: 'maximize', ...score } },
    ...more,
  })
const ranked = ({ byMetric }: FrontierAnswer) => byMetric['v']?.map(({ value }) => value)

test('the best is the best work, however good reviews and reproductions of it are said to be', async () => {
  await using holder = testNode()
  const work = scored(1)
  const about = (kind: 'review' | 'reproduction', value: number) =>
    scored(value, {
      kind,
      relations: [relation(kind === 'review' ? 'reviews' : 'reproduces', work.cid)],
    })
  for (const item of [work, about('reproduction', 3), about('review', 2)]) await hold(holder, item)
  const grove = new Grove({
    api: localClient(holder.node),
    peerId: 'holder',
    url: undefined,
    close: async () => {},
  })

  assert.deepEqual(ranked(await grove.frontier()), [1])
  assert.deepEqual(ranked(await grove.frontier({ kind: 'review' })), [2])
  assert.equal(ranked(await grove.frontier({ kind: 'reproduction' })), undefined)
  assert.deepEqual(ranked(await grove.api.frontier({})), [2, 1])
  const { entries } = await grove.api.federatedFrontier({})
  assert.deepEqual([...new Set(entries.map(({ cid }) => cid))], [work.cid])
})

test('a frontier says what it leaves out for its direction, and which units it mixes', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  for (const item of [
    scored(0.9),
    scored(0.8),
    scored(97, {}, { unit: '%' }),
    scored(0.95, {}, { direction: 'minimize' }),
    scored(0.96, {}, { direction: 'minimize', unit: 'share' }),
    sample({ scores: { plain: { value: 1, direction: 'minimize', unit: 'bpb' } } }),
    sample({ scores: { plain: { value: 2, direction: 'minimize' } } }),
  ])
    await hold(holder, item)

  const { leftOut, mixedUnits } = await grove.frontier({})
  const federated = await grove.federatedFrontier({})

  assert.deepEqual(leftOut, [
    {
      metric: 'v',
      direction: 'minimize',
      works: 2,
      support: { published: 2, voices: 0 },
      rankedSupport: { published: 3, voices: 0 },
    },
  ])
  assert.deepEqual(mixedUnits, [{ metric: 'v', units: [{ works: 2 }, { unit: '%', works: 1 }] }])
  assert.deepEqual(federated.leftOut, leftOut)
  const plain = await grove.frontier({ metric: 'plain' })
  assert.ok(!('leftOut' in plain) && !('mixedUnits' in plain))
})

test('a frontier of many metrics comes in pages, with the signals on the first', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const score = { value: 1, direction: 'minimize' as const }
  await hold(holder, sample({ scores: { a: score, b: score, c: score, d: score, e: score } }))

  const first = await grove.frontier({ metrics: 2 })
  const second = await grove.frontier({ metrics: 2, after: first.nextAfter })
  const last = await grove.frontier({ metrics: 2, after: second.nextAfter })

  const pages = [first, second, last]
  assert.deepEqual(
    pages.map(({ byMetric }) => Object.keys(byMetric)),
    [['a', 'b'], ['c', 'd'], ['e']],
  )
  assert.deepEqual(
    pages.map(({ byRecency }) => byRecency.length),
    [1, 0, 0],
  )
  assert.equal(last.nextAfter, undefined)
  const foremost = ['a', 'b', 'c', 'd', 'e']
  assert.deepEqual((await grove.frontier({ metrics: 2, kind: 'work' })).foremost, foremost)
  assert.ok(!('foremost' in (await grove.frontier({ kind: 'work' }))))
  assert.deepEqual(Object.keys((await grove.frontier({ metrics: 1, metric: 'd' })).byMetric), ['d'])
})

test('the more of each metric is asked for, the fewer metrics are on one page', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const score = { value: 1, direction: 'minimize' as const }
  const names = Array.from({ length: 25 }, (_, n) => `m${n}`)
  await hold(holder, sample({ scores: Object.fromEntries(names.map((name) => [name, score])) }))

  const pages: string[][] = []
  for (let after: string | undefined, isMore = true; isMore; ) {
    const page = await grove.frontier({ limit: 1_000, after })
    pages.push(Object.keys(page.byMetric))
    after = page.nextAfter
    isMore = after !== undefined
  }

  assert.deepEqual(
    pages.map(({ length }) => length),
    [5, 5, 5, 5, 5],
  )
  assert.deepEqual(pages.flat().sort(), names.sort())
})
