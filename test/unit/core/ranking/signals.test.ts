import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashBytes } from '../../../../src/core/cid.ts'
import type { Draft } from '../../../../src/core/contribution/schema.ts'
import {
  exactly,
  exactMean,
  sumFromText,
  sumToText,
} from '../../../../src/core/ranking/exact-sum.ts'
import { evidenceOf, foldSignals, NO_SIGNALS } from '../../../../src/core/ranking/signals.ts'
import { relation, sample } from '../../../conformance/samples.ts'

const target = hashBytes(new Uint8Array([1]))
const score = (value: number, direction: 'minimize' | 'maximize') => ({ value, direction })
const signalsFrom = (...drafts: Partial<Draft>[]) =>
  foldSignals(drafts.flatMap((draft) => evidenceOf(sample(draft))))

test('deriving and adopting count once a contribution', () => {
  const both = { relations: [relation('derives_from', target), relation('adopts', target)] }
  const one = { summary: 'other', relations: [relation('adopts', target)] }

  assert.equal(signalsFrom(both).adoption, 1)
  assert.equal(signalsFrom(both, one).adoption, 2)
})

test('a reproduction counts if it was confirmed, at least in part', () => {
  const counted = (...results: unknown[]) =>
    signalsFrom(
      ...results.map((result, index) => ({
        summary: `${index}`,
        relations: [relation('reproduces', target, { result } as { [key: string]: string })],
      })),
    ).reproduction

  assert.equal(signalsFrom({ relations: [relation('reproduces', target)] }).reproduction, 1)
  assert.equal(counted('confirmed', 'partial'), 2)
  assert.equal(counted('challenged', 'failed', 'refuted', 'Challenged', '', true, null, {}), 0)
})

test('the review score is the mean over all reviews, with minimised scores negated', () => {
  const first = {
    scores: { q: score(0.5, 'maximize'), errors: score(2, 'minimize') },
    relations: [relation('reviews', target)],
  }
  const second = { scores: { q: score(0.9, 'maximize') }, relations: [relation('reviews', target)] }

  assert.ok(Math.abs((signalsFrom(first, second).reviewScore ?? 0) - (0.5 - 2 + 0.9) / 3) < 1e-12)
})

test('a review without scores does not count, and neither does a reply', () => {
  const silent = { relations: [relation('reviews', target), relation('responds_to', target)] }

  assert.deepEqual(signalsFrom(silent), NO_SIGNALS)
  assert.deepEqual(foldSignals([]), NO_SIGNALS)
})

test('the mean of the largest scores is finite, and small ones are not lost beside them', () => {
  const review = (...values: number[]) => ({
    summary: values.join(),
    scores: Object.fromEntries(
      values.map((value, index) => [`q${index}`, score(value, 'maximize')]),
    ),
    relations: [relation('reviews', target)],
  })

  assert.equal(signalsFrom(review(100, 100)).reviewScore, 100)
  assert.equal(signalsFrom(review(100, 3e-300), review(-100)).reviewScore, 1e-300)
  assert.equal(exactMean(2n * exactly(1.7e308), 2), 1.7e308)
})

test('scores of reviews beyond the range do not count, however many there are', () => {
  const review = (value: number) => ({
    summary: `${value}`,
    scores: { q: score(value, value < 0 ? 'minimize' : 'maximize') },
    relations: [relation('reviews', target)],
  })
  const beyond = [1e300, -1e300, 1.7e308, 100.1].map(review)

  assert.equal(signalsFrom(review(0.5), ...beyond).reviewScore, 0.5)
  assert.equal(signalsFrom(...beyond).reviewScore, undefined)
})

test('the mean is the nearest double to the exact one', () => {
  const anything = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(fc.array(anything, { minLength: 1, maxLength: 9 }), (values) => {
      const sum = values.reduce((total, value) => total + exactly(value), 0n)
      const mean = exactMean(sum, values.length)

      const distance = (value: number) => {
        const difference = exactly(value) * BigInt(values.length) - sum
        return difference < 0n ? -difference : difference
      }
      const neighbours = [1n, -1n].map((step) => doubleAt(bitsOf(mean) + step))
      for (const neighbour of neighbours)
        assert.ok(!Number.isFinite(neighbour) || distance(mean) <= distance(neighbour))
    }),
    { numRuns: 1_000 },
  )
})

test('the mean of one number is that number, down to the smallest', () => {
  for (const value of [
    0,
    5e-324,
    -5e-324,
    2 ** -1022,
    -1.5,
    0.1,
    2 ** 53 + 2,
    1.7976931348623157e308,
  ])
    for (const times of [1, 3])
      assert.equal(exactMean(BigInt(times) * exactly(value), times), value)
})

test('a sum is the same after it was written and read', () => {
  const anything = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 5 }), (values) => {
      const sum = values.reduce((total, value) => total + exactly(value), 0n)

      assert.equal(sumFromText(sumToText(sum)), sum)
    }),
  )
  assert.equal(sumToText(exactly(0.5)).length, 5)
})

const view = new DataView(new ArrayBuffer(8))

function bitsOf(value: number): bigint {
  view.setFloat64(0, value)
  return view.getBigInt64(0)
}

function doubleAt(bits: bigint): number {
  view.setBigInt64(0, bits)
  return view.getFloat64(0)
}

test('a review counts the same to the last digit, whatever the order of its scores', () => {
  const scores = {
    z: score(1e300, 'maximize'),
    m: score(-1e-323, 'minimize'),
    a: score(-1e300, 'maximize'),
  }
  const written = sample({ scores, relations: [relation('reviews', target)] })

  const reordered = { ...written, manifest: { ...written.manifest, scores } }

  assert.deepEqual(evidenceOf(reordered), evidenceOf(written))
})

test('signals do not depend on the order of arrival, to the last digit', () => {
  const value = fc.double({ min: -1, max: 1, noNaN: true })
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      (values, keys) => {
        const evidence = values.flatMap((value, index) =>
          evidenceOf(
            sample({
              summary: `${index}`,
              scores: { q: score(value, 'maximize') },
              relations: [relation('reviews', target)],
            }),
          ),
        )
        const shuffled = evidence
          .map((item) => ({ item, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)

        assert.deepEqual(foldSignals(shuffled.map(({ item }) => item)), foldSignals(evidence))
      },
    ),
  )
})
