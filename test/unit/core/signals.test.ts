import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashBytes } from '../../../src/core/cid.ts'
import type { Draft } from '../../../src/core/contribution/schema.ts'
import { evidenceOf, foldSignals, NO_SIGNALS } from '../../../src/core/ranking/signals.ts'
import { relation, sample } from '../../conformance/samples.ts'

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

test('a reproduction counts unless it challenges the target', () => {
  const results = [
    undefined,
    { result: 'confirmed' },
    { result: 'partial' },
    { result: 'challenged' },
  ]
  const drafts = results.map((metadata, index) => ({
    summary: `${index}`,
    relations: [relation('reproduces', target, metadata)],
  }))

  assert.equal(signalsFrom(...drafts).reproduction, 3)
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

test('scores that overflow give no review score', () => {
  const huge = {
    scores: { a: score(1.7e308, 'maximize'), b: score(1.7e308, 'maximize') },
    relations: [relation('reviews', target)],
  }

  assert.equal(signalsFrom(huge).reviewScore, undefined)
})

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
