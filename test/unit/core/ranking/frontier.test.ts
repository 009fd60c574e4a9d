import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft } from '../../../../src/core/contribution/schema.ts'
import {
  comparePlaces,
  dimensionKey,
  isBetter,
  isReservedMetric,
  isSignalMetric,
  ownPlaces,
  type Place,
  rankOf,
  reaches,
  recencyOf,
  signalPlaces,
} from '../../../../src/core/ranking/frontier.ts'
import { NO_SIGNALS } from '../../../../src/core/ranking/signals.ts'
import { at, sample } from '../../../conformance/samples.ts'

const later = Date.parse(at(3_600))
const place = (value: number, direction: 'minimize' | 'maximize', summary = 'a'): Place => ({
  cid: sample({ summary }).cid,
  metric: 'm',
  direction,
  value,
})

test('lower values are better when minimised, higher ones when maximised', () => {
  assert.deepEqual(
    [isBetter('minimize', 1, 2), isBetter('maximize', 1, 2), isBetter('minimize', 1, 1)],
    [true, false, false],
  )
  assert.deepEqual(
    [reaches('minimize', 1, 2), reaches('maximize', 1, 2), reaches('maximize', 2, 2)],
    [true, false, true],
  )
  assert.ok(rankOf('maximize', 3) < rankOf('maximize', 2))
  assert.ok(rankOf('minimize', 2) < rankOf('minimize', 3))
})

test('places are ordered best first, equal values by cid', () => {
  const values = (direction: 'minimize' | 'maximize') =>
    [2, 1, 3]
      .map((value) => place(value, direction))
      .sort(comparePlaces)
      .map(({ value }) => value)
  const tied = ['a', 'b', 'c', 'd']
    .map((summary) => place(1, 'minimize', summary))
    .sort(comparePlaces)

  assert.deepEqual(values('minimize'), [1, 2, 3])
  assert.deepEqual(values('maximize'), [3, 2, 1])
  assert.deepEqual(
    tied.map(({ cid }) => cid),
    tied.map(({ cid }) => cid).toSorted(),
  )
})

test('scores take places only in evaluation mode, and never under names with an underscore', () => {
  const scores = {
    m: { value: 1, direction: 'minimize' as const },
    _adoption: { value: 9, direction: 'maximize' as const },
  }
  const metrics = (mode: 'evaluation' | 'exploration') =>
    ownPlaces(sample({ mode, scores }), later).map(({ metric }) => metric)

  assert.deepEqual(metrics('evaluation'), ['_recency', 'm'])
  assert.deepEqual(metrics('exploration'), ['_recency'])
})

test('ephemeral contributions take no place', () => {
  const message = sample({ context: { ephemeral: true } })
  const notQuite = sample({ context: { ephemeral: 'true' } })

  assert.deepEqual(ownPlaces(message, later), [])
  assert.deepEqual(signalPlaces(message, { adoption: 3, reproduction: 1, reviewScore: 1 }), [])
  assert.equal(ownPlaces(notQuite, later).length, 1)
})

test('signals take places only if there is evidence, and a review score of 0 is evidence', () => {
  const spoken = sample()
  const metrics = (signals: typeof NO_SIGNALS) =>
    signalPlaces(spoken, signals).map(({ metric, value }) => [metric, value])

  assert.deepEqual(metrics(NO_SIGNALS), [])
  assert.deepEqual(metrics({ adoption: 2, reproduction: 0, reviewScore: 0 }), [
    ['_adoption', 2],
    ['_review_score', 0],
  ])
  assert.deepEqual(metrics({ adoption: 0, reproduction: 1, reviewScore: undefined }), [
    ['_reproduction', 1],
  ])
})

test("recency is the author's date, or the arrival if that is earlier", () => {
  assert.equal(recencyOf(at(10), later), Date.parse(at(10)))
  assert.equal(recencyOf('2999-01-01T00:00:00Z', later), later)
})

test("a run without a result takes no place, and neither does a reproduction's score", () => {
  const scores = { m: { value: 0, direction: 'minimize' as const } }
  const metrics = (draft: Partial<Draft>) =>
    ownPlaces(sample({ scores, ...draft }), later).map(({ metric }) => metric)

  assert.deepEqual(metrics({ context: { outcome: 'crash' } }), [])
  assert.deepEqual(metrics({ context: { outcome: 'discard' } }), [])
  assert.deepEqual(metrics({ context: { outcome: 'keep' } }), ['_recency', 'm'])
  assert.deepEqual(metrics({ kind: 'reproduction' }), ['_recency'])
})

test('signals have reserved names of their own', () => {
  assert.deepEqual(['_adoption', '_other', 'loss'].map(isSignalMetric), [true, false, false])
  assert.deepEqual(['_adoption', '_other', 'loss'].map(isReservedMetric), [true, true, false])
  assert.notEqual(
    dimensionKey({ metric: 'a', direction: 'minimize' }),
    dimensionKey({ metric: 'a', direction: 'maximize' }),
  )
})
