import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MetricTurns } from '../../../../src/protocol/sync/metric-turns.ts'

const names = (count: number) => Array.from({ length: count }, (_, n) => `m${100 + n}`)
const most = 4

test('of few metrics all are looked at, by name', () => {
  const turns = new MetricTurns()

  const taken = turns.take('p', { names: ['b', 'a', '_adoption'] }, { foremost: ['c'], most })

  assert.deepEqual(taken, ['a', 'b'])
})

test('of many that are told at once some are always looked at, and all in turns', () => {
  const turns = new MetricTurns()
  const told = { names: names(7) }
  const take = () => turns.take('p', told, { foremost: ['m106', 'nosuch'], most })

  assert.deepEqual(take(), ['m106', 'm100', 'm101', 'm102'])
  assert.equal(turns.afterOf('p'), undefined)
  assert.deepEqual(take(), ['m106', 'm103', 'm104', 'm105'])
  assert.deepEqual(take(), ['m106', 'm100', 'm101', 'm102'])
})

test('of pages the next one begins after the last that was looked at', () => {
  const turns = new MetricTurns()
  const foremost = ['here']
  const page = { names: names(4), next: 'm103', foremost: ['there', 'other'] }

  assert.deepEqual(turns.take('p', page, { foremost, most }), ['here', 'there', 'm100', 'm101'])
  assert.equal(turns.afterOf('p'), 'm101')
  assert.deepEqual(turns.take('p', { names: ['m102', 'm103'] }, { foremost, most }), [
    'here',
    'm102',
    'm103',
  ])
  assert.equal(turns.afterOf('p'), undefined)
})
