import assert from 'node:assert/strict'
import { test } from 'node:test'
import { peersText } from '../../../src/cli/commands/operate/status.ts'
import { didWhat } from '../../../src/cli/commands/read/reviews.ts'
import { countedAs } from '../../../src/cli/commands/read/tree.ts'
import { filesText, scoresOf } from '../../../src/cli/commands/work/contribute.ts'
import { checkTarget, kindOf } from '../../../src/cli/commands/work/relations.ts'
import { parseOpenScore, parseReviewScore } from '../../../src/cli/options.ts'
import { plural } from '../../../src/cli/output/format.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import type { GroveInfo } from '../../../src/core/wire/grove.ts'
import { withCode } from '../../support/errors.ts'

test('files are told where there are some, and a work with nothing in it is noticed', () => {
  const work = { kind: 'work' as const, relations: [] }
  const scores = { loss: { value: 1, direction: 'minimize' as const } }
  const none = { files: 0, totalBytes: 0, isPack: false }

  assert.equal(
    filesText(work, { files: 2, totalBytes: 5, isPack: true }),
    ': 2 files, 5 B, as a pack',
  )
  assert.equal(filesText({ ...work, kind: 'review' }, none), '')
  assert.equal(filesText({ ...work, scores }, none), ': no files')
  assert.match(filesText(work, none), /only its summary: no files, scores or relations/)
})

test('the peers of a grove are counted, or it is said how to get some', () => {
  const peer = { status: 'alive' } as GroveInfo['gossip']['liveness'][number]

  assert.match(peersText({ peers: 0, liveness: [] }), /^none: `grove serve --peer URL`/)
  assert.equal(
    peersText({ peers: 2, liveness: [peer] }),
    '2, of which 1 is alive; `grove peers` says why',
  )
  assert.equal(peersText({ peers: 1, liveness: [peer] }), '1, of which 1 is alive')
  assert.match(
    peersText({ peers: 1, liveness: [peer], proven: 7 }),
    /chosen among 7 that have proven/,
  )
})

test('a review, reproduction or adoption of nothing is refused', () => {
  assert.throws(() => checkTarget({ kind: 'review' }), withCode('usage-error', 'needs --reviews'))
  assert.throws(() => checkTarget({ kind: 'adoption', reviews: ['24c4'] }), withCode('usage-error'))
  checkTarget({ kind: 'reproduction', reproduces: ['24c4'] })
  checkTarget({ kind: 'plan' })
})

test('relations that say two kinds are refused, unless the kind is given', () => {
  const both = { reviews: ['24c4'], reproduces: ['24c4'] }

  assert.throws(
    () => kindOf(both),
    withCode('usage-error', 'review and reproduction: choose one with --kind'),
  )
  assert.equal(kindOf({ ...both, kind: 'reproduction' }), 'reproduction')
  assert.equal(kindOf({ reviews: ['24c4'] }), 'review')
  assert.equal(kindOf({ reviews: ['24c4'], parent: ['24c4'] }), 'work')
  assert.equal(kindOf({}), 'work')
})

test('only a review may leave a direction open, and what lacks one is told how to say it', () => {
  assert.deepEqual(scoresOf([parseOpenScore('q=0.9')], 'review'), {
    q: { value: 0.9, direction: 'maximize' },
  })
  assert.deepEqual(scoresOf([parseOpenScore('q=0.9:minimize:s')], 'review'), {
    q: { value: 0.9, direction: 'minimize', unit: 's' },
  })
  assert.throws(
    () => scoresOf([parseOpenScore('q=0.9')], 'work'),
    withCode('usage-error', 'q=0.9:minimize or q=0.9:maximize'),
  )
})

test('where a kind of evidence is asked for, only its absence is told', () => {
  assert.equal(didWhat('adoption'), 'adopted')
  assert.equal(didWhat(undefined), 'reviewed, reproduced or adopted')
})

test('an attempt to reproduce that failed counts as a challenge', () => {
  const reproduces = (result?: string) =>
    countedAs({
      targetCid: hashBytes(Buffer.from('work')),
      relationType: 'reproduces',
      ...(result === undefined ? {} : { metadata: { result } }),
    })

  assert.deepEqual(
    ['confirmed', 'partial', undefined].map(reproduces),
    Array(3).fill('reproduction'),
  )
  assert.deepEqual(['challenged', 'failed', 'refuted'].map(reproduces), Array(3).fill('challenge'))
})

test('a score of a review without a value is told the form in which the direction may be left out', () => {
  assert.throws(() => parseReviewScore('quality'), /name=value\[:minimize\|maximize\[:unit\]\]/)
})

test('nouns are put into the plural as English does', () => {
  assert.deepEqual(
    ['reply', 'day', 'peer'].map((noun) => plural(2, noun)),
    ['2 replies', '2 days', '2 peers'],
  )
})
