import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft } from '../../../../src/core/contribution/schema.ts'
import { publish } from '../../../../src/node/publish.ts'
import { FrontierReader } from '../../../../src/node/read/frontier-reader.ts'
import { sample } from '../../../conformance/samples.ts'
import { messageOf } from '../../../support/gossip.ts'
import { hold, testNode } from '../../../support/test-node.ts'
import { until } from '../../../support/until.ts'

const SIGNALS = ['_adoption', '_recency', '_review_score', '_reproduction']
const peer = { peerId: 'peer', address: 'http://127.0.0.1:9' }

const draft = (metric: string, value: number): Draft => ({
  kind: 'work',
  mode: 'evaluation',
  summary: `${metric} ${value}`,
  tags: ['kept', 't'.repeat(1_000)],
  scores: { [metric]: { value, direction: 'minimize' } },
  agent: { agentId: 'a' },
})

test('after a publish only what it touched is read again, and no manifest', async (context) => {
  await using holder = testNode()
  const { node } = holder
  for (const metric of ['a', 'b', 'c']) await hold(holder, sample(draft(metric, 1)))
  await node.start()
  const best = context.mock.method(node.index, 'bestWorks')
  const manifests = context.mock.method(node.contributions, 'getMany')

  const { contribution } = await publish(node, draft('b', 0.5))
  await until('the place', () => node.gossip.localEntry(contribution.cid))

  assert.deepEqual(
    best.mock.calls.map(({ arguments: [metrics] }) => metrics.toSorted()),
    [[...SIGNALS, 'b'].toSorted()],
  )
  assert.equal(manifests.mock.callCount(), 0)
  assert.deepEqual(node.gossip.localEntry(contribution.cid)?.tags, ['kept'])
})

test('what was held before is advertised after a start, metrics page by page, and nothing but works', async (context) => {
  await using holder = testNode()
  const { node } = holder
  const value = { value: 1, direction: 'minimize' as const }
  const name = (n: number) => `m${String(n).padStart(3, '0')}`
  for (const from of [0, 100, 200]) {
    const names = Array.from({ length: 90 }, (_, n) => name(from + n))
    await hold(holder, sample({ scores: Object.fromEntries(names.map((each) => [each, value])) }))
  }
  const work = sample({ scores: { z: value } })
  const review = sample({ kind: 'review', scores: { z: value, quality: value } })
  for (const item of [work, review]) await hold(holder, item)

  const best = context.mock.method(node.index, 'bestWorks')
  const sizes = () => best.mock.calls.map(({ arguments: [metrics] }) => metrics.length)

  await node.start()

  await until('the last page', () => sizes().length === 3)
  assert.deepEqual(sizes(), [100 + SIGNALS.length, 100, 71])
  assert.equal(node.gossip.localEntry(review.cid), undefined)
  const { frontier } = node.exchange(messageOf(peer))
  assert.equal(frontier.length, 100)
})

test('a metric that changes its direction leaves none of its places behind', async () => {
  await using holder = testNode()
  const { node } = holder
  await node.start()
  const scored = (n: number, direction: 'minimize' | 'maximize') =>
    publish(node, { ...draft('m', n), scores: { m: { value: n, direction } } })
  const { contribution } = await scored(1, 'minimize')
  await until('the first', () => node.gossip.localEntry(contribution.cid))

  await scored(2, 'maximize')
  await scored(3, 'maximize')

  await until('the turn', async () => {
    const { frontier } = node.exchange(messageOf(peer))
    const directions = frontier.flatMap(({ metric, direction }) =>
      metric === 'm' ? direction : [],
    )
    return (directions.length === 2 && directions.every((each) => each === 'maximize')) || undefined
  })
})

test('the best of many metrics are read in parts, between which others have the thread', async (context) => {
  await using holder = testNode()
  const { node } = holder
  const works = Array.from({ length: 5 }, (_, n) => {
    const scores = Array.from({ length: 100 }, (_, m) => draft(`m${n}.${m}`, m).scores ?? {})
    return sample({ ...draft('m', n), scores: Object.assign({}, ...scores.slice(1)) })
  })
  for (const work of works) await hold(holder, work)
  const reader = new FrontierReader(node)
  const best = context.mock.method(node.index, 'bestWorks')
  const breathe = context.mock.method(node, 'breathe')

  reader.touch(works)
  const { entries } = await reader.readTouched()

  const asked = best.mock.calls.map((call) => call.arguments[0].length)
  assert.ok(asked.every((metrics) => metrics <= 104))
  assert.ok(breathe.mock.callCount() >= asked.length - 1 && asked.length > 1)
  assert.equal(entries.filter(({ metric }) => metric.startsWith('m')).length, 495)
})
