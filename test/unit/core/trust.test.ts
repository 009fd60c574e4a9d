import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Deeds,
  FAILURE_HALF_LIFE_MS,
  LIE_HALF_LIFE_MS,
  NO_DEEDS,
  trustOf,
  trustStep,
  withFailure,
  withLie,
} from '../../../src/core/peers/trust.ts'

const START = Date.parse('2026-01-01T00:00:00Z')
const good: Deeds = { ...NO_DEEDS, claimsKept: 1_000, bytesGood: 1e12 }
const lied = (times: number, from: Deeds = NO_DEEDS) => {
  let deeds = from
  for (let n = 0; n < times; n++) deeds = withLie(deeds, START)
  return deeds
}

test('an unknown peer ranks between one that did good and one that lied or failed', () => {
  assert.equal(trustOf(NO_DEEDS, START), 0.5)
  assert.ok(trustOf({ ...NO_DEEDS, claimsKept: 1 }, START) > 0.5)
  assert.ok(trustOf({ ...NO_DEEDS, bytesGood: 5_000_000 }, START) > 0.5)
  assert.ok(trustOf(lied(1), START) < trustOf(withFailure(NO_DEEDS, START), START))
  assert.ok(trustOf(withFailure(NO_DEEDS, START), START) < 0.5)
})

test('one fresh lie puts the best of peers behind an unknown one', () => {
  assert.ok(trustOf(lied(1, good), START) < 0.5)
})

test('half of a lie is forgiven after a day, of a failure after five minutes', () => {
  assert.equal(trustOf(lied(2), START + LIE_HALF_LIFE_MS), trustOf(lied(1), START))
  const failed = withFailure(withFailure(NO_DEEDS, START), START)
  assert.equal(trustOf(failed, START + FAILURE_HALF_LIFE_MS), trustOf(withFailure(NO_DEEDS, START), START))
})

test('however much a peer lied, two weeks after it mended it is asked like an unknown one', () => {
  const now = START + 14 * LIE_HALF_LIFE_MS

  assert.equal(trustStep(trustOf(lied(100_000), now)), trustStep(0.5))
})

const moments = fc.integer({ min: 0, max: 30 * LIE_HALF_LIFE_MS }).map((ms) => START + ms)
const deedsArbitrary = fc
  .array(fc.record({ at: moments, lie: fc.boolean() }), { maxLength: 30 })
  .chain((bad) =>
    fc.record({
      bad: fc.constant(bad.sort((a, b) => a.at - b.at)),
      claimsKept: fc.nat({ max: 10_000 }),
      bytesGood: fc.nat(),
    }),
  )
  .map(({ bad, claimsKept, bytesGood }) =>
    bad.reduce<Deeds>((deeds, { at, lie }) => (lie ? withLie(deeds, at) : withFailure(deeds, at)), {
      ...NO_DEEDS,
      claimsKept,
      bytesGood,
    }),
  )

test('a score lies between 0 and 1', () => {
  fc.assert(
    fc.property(deedsArbitrary, moments, (deeds, now) => {
      const trust = trustOf(deeds, now)
      return trust > 0 && trust < 1
    }),
  )
})

test('one more lie or failure never raises the score', () => {
  fc.assert(
    fc.property(deedsArbitrary, moments, (deeds, now) => {
      const before = trustOf(deeds, now)
      return trustOf(withLie(deeds, now), now) <= before && trustOf(withFailure(deeds, now), now) <= before
    }),
  )
})

test('time alone never lowers the score', () => {
  fc.assert(
    fc.property(
      deedsArbitrary,
      moments,
      fc.nat({ max: LIE_HALF_LIFE_MS }),
      (deeds, now, later) => trustOf(deeds, now + later) >= trustOf(deeds, now),
    ),
  )
})

test('a good deed never lowers the score', () => {
  fc.assert(
    fc.property(deedsArbitrary, moments, fc.nat(), (deeds, now, bytes) => {
      const before = trustOf(deeds, now)
      const kept = { ...deeds, claimsKept: deeds.claimsKept + 1 }
      return trustOf(kept, now) >= before && trustOf({ ...kept, bytesGood: kept.bytesGood + bytes }, now) >= before
    }),
  )
})
