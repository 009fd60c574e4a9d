import assert from 'node:assert/strict'
import { test } from 'node:test'
import { peersText } from '../../../src/cli/commands/operate/status.ts'
import { checkTarget, filesText } from '../../../src/cli/commands/work/contribute.ts'
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
  assert.equal(peersText({ peers: 2, liveness: [peer] }), '2, of which 1 is alive')
})

test('a review, reproduction or adoption of nothing is refused', () => {
  assert.throws(() => checkTarget({ kind: 'review' }), withCode('usage-error', 'needs --reviews'))
  assert.throws(() => checkTarget({ kind: 'adoption', reviews: ['24c4'] }), withCode('usage-error'))
  checkTarget({ kind: 'reproduction', reproduces: ['24c4'] })
  checkTarget({ kind: 'plan' })
})
