import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { logLine, terminalLog } from '../../../src/cli/output/terminal-log.ts'
import { formatClock } from '../../../src/cli/output/time.ts'
import { GroveError } from '../../../src/core/errors.ts'
import { systemClock } from '../../../src/runtime/clock.ts'

const at = '2026-03-01T09:30:05Z'
const time = formatClock(at)

test('a request is one line: who, what, the status, how long, and what it was about', () => {
  const published = `blake3:${'24c41ac12fbc'.padEnd(64, '0')}`
  const fields = {
    from: '10.0.0.5',
    method: 'POST',
    target: '/api/contributions',
    status: 201,
    ms: 3,
  }

  assert.equal(
    logLine('info', 'request', { ...fields, published, by: 'ada\u001b[2J' }, at),
    `${time}  10.0.0.5  POST /api/contributions  201  3 ms  published 24c41ac12fbc, by ada\u{fffd}[2J`,
  )
})

test('an error is told with its cause, below its line', () => {
  const err = new GroveError('storage-failed', {}, { message: 'no room', cause: new Error('EIO') })

  const [head, ...rest] = logLine('error', 'round failed', { err, peers: [] }, at).split('\n')

  assert.equal(head, `${time}  error: round failed`)
  assert.deepEqual(rest.slice(0, 3), ['  no room', '  because of', '  Error: EIO'])
})

test('only lines of the chosen level and above are written', () => {
  const notes = new PassThrough() as unknown as NodeJS.WriteStream
  const output = { answer: notes, notes, unread: new AbortController().signal }
  const log = terminalLog(output, systemClock, 'warn')

  log.info('quiet')
  log.warn('loud', { count: 2 })

  assert.match(String(notes.read()), /^\d\d:\d\d:\d\d {2}warn: loud {2}count 2\n$/)
})
