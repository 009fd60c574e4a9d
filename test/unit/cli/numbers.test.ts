import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scoreChange } from '../../../src/cli/commands/read/diff.ts'
import { formatNumber, numberFormat } from '../../../src/cli/output/format.ts'
import { parseDuration, parseSize } from '../../../src/core/units.ts'
import { withCode } from '../../support/errors.ts'

const column = (...values: number[]) => values.map(numberFormat(values))

test('a column of numbers is as short as tells them apart, with the points below each other', () => {
  assert.deepEqual(column(1.2970000000000002, 1.123, 0.9), ['1.297', '1.123', '0.9  '])
  assert.deepEqual(column(0.9833333333333333, 0.9666666666666667), ['0.98333', '0.96667'])
  assert.deepEqual(column(0.97, 0.97000001), ['0.97      ', '0.97000001'])
  assert.deepEqual(column(0.1 + 0.2, 0.3), ['0.30000000000000004', '0.3                '])
  assert.deepEqual(column(1_234_567, 2, 12_345.678), ['1234567', '2', '12346'])
  assert.deepEqual(column(3, 3), ['3', '3'])
  assert.deepEqual(column(), [])
})

test('a number by itself has no zeros at its end', () => {
  assert.deepEqual([1.2970000000000002, 0.5, 1e-300, -7].map(formatNumber), [
    '1.297',
    '0.5',
    '1e-300',
    '-7',
  ])
})

test('a changed score has as many digits before as after', () => {
  const score = (value: number) => ({ value, direction: 'minimize' as const, unit: 'bpb' })

  assert.equal(
    scoreChange('loss', score(0.9666666666666667), score(0.9833333333333333)),
    'loss 0.98333 → 0.96667 bpb ↓',
  )
  assert.equal(scoreChange('loss', score(0.5), undefined), 'loss 0.5 bpb ↓')
})

test('an amount within long white space is refused in linear time', { timeout: 20_000 }, () => {
  const text = `1${' '.repeat(300_000)}.`

  for (const parse of [parseSize, parseDuration])
    assert.throws(() => parse(text), withCode('usage-error'))
  assert.deepEqual([parseSize(' 1 KiB '), parseDuration(' 2 m ')], [1_024, 120_000])
})
