import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import { test } from 'node:test'
import type { Output } from '../../../src/cli/output/output.ts'
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

test('a log waits for no terminal that is stopped, and tells what was lost', async () => {
  let isBlocking = true
  let goOn: (() => void) | undefined
  let text = ''
  const stopped = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      text += chunk
      if (goOn === undefined) goOn = done
      else done()
    },
    writev(chunks, done) {
      text += chunks.map(({ chunk }) => chunk).join('')
      done()
    },
  })
  const setBlocking = (value: boolean) => {
    isBlocking = value
  }
  const notes = Object.assign(stopped, { _handle: { setBlocking } })
  const unread = new AbortController().signal
  const output = { answer: notes, notes, unread } as unknown as Output
  const log = terminalLog(output, systemClock, 'info')

  for (let line = 0; line < 2_000; line++) log.info('x'.repeat(1_000))
  const waiting = notes.writableLength
  const drained = once(stopped, 'drain')
  goOn?.()
  await drained
  log.info('later')

  assert.ok(!isBlocking)
  assert.ok(waiting < 1.1 * 1024 * 1024, String(waiting))
  assert.match(text.slice(-300), /warn: lines of the log were lost.* {2}lost \d+\n.* {2}later\n$/)
})
