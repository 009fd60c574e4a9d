import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localClient } from '../../../src/api/client/local-client.ts'
import type { Draft, Score } from '../../../src/core/contribution/schema.ts'
import { unitsAgree } from '../../../src/core/ranking/units.ts'
import { publish } from '../../../src/node/publish.ts'
import { sample } from '../../conformance/samples.ts'
import { withCode } from '../../support/errors.ts'
import { plainDraft } from '../../support/http.ts'
import { hold, testNode } from '../../support/test-node.ts'

const work = (summary: string, acc: Score, more: Partial<Draft> = {}): Draft => ({
  ...plainDraft,
  summary,
  scores: { acc },
  ...more,
})

test('a score in another direction than works published here have is refused, with who and how often', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  await grove.publish(work('one', { value: 0.9, direction: 'maximize' }))
  const last = await grove.publish(work('two', { value: 0.8, direction: 'maximize' }))
  const typo = work('typo', { value: 0.95, direction: 'minimize' })

  await assert.rejects(
    grove.publish(typo),
    withCode(
      'metric-conflict',
      `acc is maximised in 2 works published here, the last ${last.cid.slice(7, 19)} ` +
        `by ${plainDraft.agent.agentId}, and minimised in this one`,
    ),
  )
  const run = { ...typo, kind: 'reproduction' as const }
  await assert.rejects(grove.publish(run), withCode('metric-conflict'))

  await grove.publish(typo, { insist: true })
  await grove.publish(work('three', { value: 0.7, direction: 'maximize' }))
})

test('a review’s score is refused where works, or other reviews of the same work, mean it the other way', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const { cid } = await grove.publish(work('one', { value: 0.9, direction: 'maximize' }))
  const other = await grove.publish(work('two', { value: 0.8, direction: 'maximize' }))
  const review = (name: string, direction: 'maximize' | 'minimize', targetCid = cid): Draft => ({
    ...plainDraft,
    kind: 'review',
    scores: { [name]: { value: 0.5, direction } },
    relations: [{ targetCid, relationType: 'reviews' }],
  })
  await grove.publish(review('quality', 'maximize'))

  await assert.rejects(grove.publish(review('acc', 'minimize')), withCode('metric-conflict'))
  await assert.rejects(
    grove.publish(review('quality', 'minimize')),
    withCode('metric-conflict', `quality is maximised in 1 review of ${cid.slice(7, 19)}`),
  )

  await grove.publish(review('quality', 'minimize'), { insist: true })
  await grove.publish(review('errors', 'minimize'))
  await grove.publish(review('quality', 'minimize', other.cid))
})

test('a score that would neither rank nor count is refused, unless it is insisted on', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const about = await grove.publish(work('one', { value: 0.9, direction: 'maximize' }))
  const long: Draft = {
    ...plainDraft,
    summary: 'long',
    scores: { ['ä'.repeat(65)]: { value: 1, direction: 'minimize' } },
  }
  const review: Draft = {
    ...plainDraft,
    kind: 'review',
    scores: { quality: { value: 101, direction: 'maximize' } },
    relations: [{ targetCid: about.cid, relationType: 'reviews' }],
  }

  await assert.rejects(grove.publish(long), withCode('metric-conflict', '130 bytes'))
  await assert.rejects(grove.publish(review), withCode('metric-conflict', 'from -100 to 100'))
  await grove.publish(long, { insist: true })
  await grove.publish(review, { insist: true })

  const { byMetric, byReviewScore } = await grove.frontier({ kind: 'work' })
  assert.deepEqual([Object.keys(byMetric), byReviewScore], [['acc'], []])
})

test('one insisted score in the other direction neither turns a metric round nor ends the check', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const before = { createdAt: '2026-01-01T00:00:00Z' }
  const first = await grove.publish(work('one', { value: 0.9, direction: 'maximize' }, before))
  const other: Score = { value: 0.1, direction: 'minimize' }
  await grove.publish(work('two', other), { insist: true })

  const { byMetric, directions } = await grove.frontier({ directions: true })

  assert.deepEqual(
    byMetric.acc?.map(({ cid }) => cid),
    [first.cid],
  )
  assert.deepEqual(directions, { acc: 'maximize' })
  await assert.rejects(grove.publish(work('three', other)), withCode('metric-conflict'))
  await grove.publish(work('four', { value: 0.8, direction: 'maximize' }))
})

test('a score in another unit is refused, and one without a unit agrees with all but percent', async () => {
  await using holder = testNode()
  const grove = localClient(holder.node)
  const score = (value: number, unit?: string): Score => ({
    value,
    direction: 'maximize',
    ...(unit === undefined ? {} : { unit }),
  })
  await grove.publish(work('one', score(0.97)))

  await grove.publish(work('two', score(0.9, 'share')))
  await assert.rejects(
    grove.publish(work('three', score(97, '%'))),
    withCode('metric-conflict', 'without a unit in 2 works published here'),
  )

  assert.ok(unitsAgree(' bpb', 'bpb') && unitsAgree(undefined, 'bpb') && !unitsAgree('', '%'))
})

test('works of other groves and callers that ask for no check hold up no publish', async () => {
  await using holder = testNode()
  const theirs = sample({ scores: { acc: { value: 1, direction: 'maximize' } } })
  await holder.node.contributions.put(theirs, { origin: 'peer', receivedAt: 1 })
  const ours = work('ours', { value: 1, direction: 'minimize' })

  await localClient(holder.node).publish(ours)
  await publish(holder.node, work('as 0.1 does', { value: 1, direction: 'maximize' }))
})

test('a reproduction with an unknown result is refused here, and taken from others', async () => {
  await using holder = testNode()
  const target = sample()
  await hold(holder, target)
  const refuted = (result: string): Draft => ({
    ...plainDraft,
    kind: 'reproduction',
    relations: [{ targetCid: target.cid, relationType: 'reproduces', metadata: { result } }],
  })

  await assert.rejects(
    publish(holder.node, refuted('refuted')),
    withCode('manifest-invalid', 'relations.0.metadata.result: "refuted" is none of confirmed'),
  )
  await publish(holder.node, refuted('failed'))
  await hold(holder, sample(refuted('refuted')))

  const { reproduction, lifecycle } = await localClient(holder.node).standing({ cid: target.cid })
  assert.deepEqual([reproduction, lifecycle], [0, 'challenged'])
})
