import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { note, print, processOutput, unreadExit } from '../../../src/cli/output/output.ts'

/** An output whose streams fail when they are told to, as those of a process do. */
function failing({ isTTY = false } = {}) {
  const stdout = Object.assign(new PassThrough({ autoDestroy: false }), { isTTY })
  const stderr = Object.assign(new PassThrough({ autoDestroy: false }), { isTTY })
  const output = processOutput({ stdout, stderr } as unknown as NodeJS.Process)
  const fail = (stream: 'stdout' | 'stderr', code: string) =>
    (stream === 'stdout' ? stdout : stderr).emit('error', Object.assign(new Error(code), { code }))
  return { output, fail, notes: () => String(stderr.read() ?? '') }
}

test('an answer that a full disk has no room for is told in a line, and is a failure of storage', () => {
  const { output, fail, notes } = failing()

  fail('stdout', 'ENOSPC')
  fail('stdout', 'ENOSPC')
  print(output, 'more')

  assert.ok(output.unread.aborted)
  assert.equal(unreadExit(output), 7)
  assert.equal(notes(), 'grove: stdout takes no more: ENOSPC\n')
})

test('a reader or a terminal that has gone is no failure', () => {
  for (const [code, isTTY] of [
    ['EPIPE', false],
    ['EIO', true],
  ] as const) {
    const { output, fail, notes } = failing({ isTTY })

    fail('stdout', code)

    assert.ok(output.unread.aborted, code)
    assert.equal(unreadExit(output), 0, code)
    assert.equal(notes(), '', code)
  }
})

test('notes that nobody can read are lost, and what is under way goes on', () => {
  const { output, fail } = failing({ isTTY: true })

  for (const code of ['EIO', 'EPIPE', 'ENOSPC']) fail('stderr', code)
  note(output, 'one more')

  assert.ok(!output.unread.aborted)
})

test('a terminal that says it has no columns is told all the same', () => {
  const { output, notes } = failing({ isTTY: true })
  Object.assign(output.notes, { columns: 0 })

  note(output, 'a grove was started')

  assert.equal(notes(), 'a grove was started\n')
})
