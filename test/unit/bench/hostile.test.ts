import assert from 'node:assert/strict'
import { test } from 'node:test'
import { floods, hostiles } from '../../../bench/lab/hostile/messages.ts'
import { rowsOf } from '../../../bench/lab/hostile/rows.ts'

test('each way to attack has its time to B, its rate and its stall, beside the control', () => {
  const attacked = { heldMs: 90, rate: 400, stallMs: 30, lateMs: 1 }
  const control = { heldMs: 40, rate: 500, stallMs: 10, lateMs: 2 }

  const rows = rowsOf({ what: 'a flood', attacked, control })

  const shape = rows.map(({ unit, value, baseline, aim }) => [unit, value, baseline?.value, aim])
  assert.deepEqual(shape, [
    ['ms', 90, 40, { most: 3, of: 'ratio' }],
    ['/s', 400, 500, { least: 0.7, of: 'ratio' }],
    ['ms', 30, 10, undefined],
  ])
  assert.ok(rows.every(({ figure }) => figure.startsWith('a flood: ')))
})

test('no two ways to attack have one name', () => {
  const names = [...hostiles, ...floods].map(({ what }) => what)

  assert.equal(new Set(names).size, names.length)
})
