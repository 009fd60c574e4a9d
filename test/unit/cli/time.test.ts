import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAgo, formatClock, formatTime } from '../../../src/cli/output/time.ts'

const moment = '2026-03-01T09:30:05.250Z'
const now = Date.parse('2026-03-01T12:00:00Z')

test('a moment is shown in local time with its distance to UTC', () => {
  assert.equal(formatTime(moment, 0), '2026-03-01 09:30:05 +00:00')
  assert.equal(formatTime(moment, 60), '2026-03-01 10:30:05 +01:00')
  assert.equal(formatTime(moment, -570), '2026-03-01 00:00:05 -09:30')
  assert.equal(formatTime('2026-03-01T00:10:00+02:00', 345), '2026-03-01 03:55:00 +05:45')
  assert.equal(formatClock(moment, 60), '10:30:05')
})

test('a moment of the last month is shown as so long ago, an older one by its date', () => {
  const ago = (ms: number) => formatAgo(new Date(now - ms).toISOString(), now)

  assert.deepEqual([0, 12_000, 5 * 60_000, 3 * 3_600_000, 4 * 86_400_000, -7_200_000].map(ago), [
    'now',
    '12 s ago',
    '5 min ago',
    '3 h ago',
    '4 d ago',
    'in 2 h',
  ])
  assert.match(ago(40 * 86_400_000), /^2026-01-\d\d$/)
})
