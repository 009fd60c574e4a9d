import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  FAILURE_HALF_LIFE_MS,
  LIE_HALF_LIFE_MS,
  NO_STATS,
  type PeerStats,
  trustOf,
  trustStep,
  withFailure,
  withLie,
} from '../../../../src/core/peers/trust.ts'

const START = Date.parse('2026-01-01T00:00:00Z')
const good: PeerStats = { ...NO_STATS, confirmed: 1_000, bytesGood: 1e12 }
const lied = (times: number, from: PeerStats = NO_STATS) => {
  let stats = from
  for (let n = 0; n < times; n++) stats = withLie(stats, START)
  return stats
}

test('an unknown peer ranks between a good one and one that lied or failed', () => {
  assert.equal(trustOf(NO_STATS, START), 0.5)
  assert.ok(trustOf({ ...NO_STATS, confirmed: 1 }, START) > 0.5)
  assert.ok(trustOf({ ...NO_STATS, bytesGood: 5_000_000 }, START) > 0.5)
  assert.ok(trustOf(lied(1), START) < trustOf(withFailure(NO_STATS, START), START))
  assert.ok(trustOf(withFailure(NO_STATS, START), START) < 0.5)
})

test('one recent lie puts even the best peer behind an unknown one', () => {
  assert.ok(trustOf(lied(1, good), START) < 0.5)
})

test('half of a lie is forgotten after a day, half of a failure after five minutes', () => {
  assert.equal(trustOf(lied(2), START + LIE_HALF_LIFE_MS), trustOf(lied(1), START))
  const failed = withFailure(withFailure(NO_STATS, START), START)
  assert.equal(
    trustOf(failed, START + FAILURE_HALF_LIFE_MS),
    trustOf(withFailure(NO_STATS, START), START),
  )
})

test('two weeks after its last lie a liar is asked like an unknown peer', () => {
  const now = START + 14 * LIE_HALF_LIFE_MS

  assert.equal(trustStep(trustOf(lied(100_000), now)), trustStep(0.5))
})

const moments = fc.integer({ min: 0, max: 30 * LIE_HALF_LIFE_MS }).map((ms) => START + ms)
const deedsArbitrary = fc
  .array(fc.record({ at: moments, lie: fc.boolean() }), { maxLength: 30 })
  .chain((bad) =>
    fc.record({
      bad: fc.constant(bad.sort((a, b) => a.at - b.at)),
      confirmed: fc.nat({ max: 10_000 }),
      bytesGood: fc.nat(),
    }),
  )
  .map(({ bad, confirmed, bytesGood }) =>
    bad.reduce<PeerStats>(
      (stats, { at, lie }) => (lie ? withLie(stats, at) : withFailure(stats, at)),
      {
        ...NO_STATS,
        confirmed,
        bytesGood,
      },
    ),
  )

test('trust is between 0 and 1', () => {
  fc.assert(
    fc.property(deedsArbitrary, moments, (stats, now) => {
      const trust = trustOf(stats, now)
      return trust > 0 && trust < 1
    }),
  )
})

test('one more lie or failure never raises trust', () => {
  fc.assert(
    fc.property(deedsArbitrary, moments, (stats, now) => {
      const before = trustOf(stats, now)
      return (
        trustOf(withLie(stats, now), now) <= before &&
        trustOf(withFailure(stats, now), now) <= before
      )
    }),
  )
})

test('time alone never lowers trust', () => {
  fc.assert(
    fc.property(
      deedsArbitrary,
      moments,
      fc.nat({ max: LIE_HALF_LIFE_MS }),
      (stats, now, later) => trustOf(stats, now + later) >= trustOf(stats, now),
    ),
  )
})

test('good behaviour never lowers trust', () => {
  fc.assert(
    fc.property(deedsArbitrary, moments, fc.nat(), (stats, now, bytes) => {
      const before = trustOf(stats, now)
      const kept = { ...stats, confirmed: stats.confirmed + 1 }
      return (
        trustOf(kept, now) >= before &&
        trustOf({ ...kept, bytesGood: kept.bytesGood + bytes }, now) >= before
      )
    }),
  )
})
