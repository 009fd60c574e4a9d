import assert from 'node:assert/strict'
import { test } from 'node:test'
import { storageError } from '../../../src/core/errno.ts'
import {
  type ErrorCode,
  errorBody,
  errorFromBody,
  errorTable,
  GroveError,
  isGroveError,
} from '../../../src/core/errors.ts'

test('every code survives the wire, with its details', () => {
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    const body = JSON.parse(
      JSON.stringify(errorBody(new GroveError(code, { cid: 'c' }, { message: 'what happened' }))),
    )

    const read = errorFromBody(body)

    assert.ok(isGroveError(read, code), code)
    assert.deepEqual([read.details, read.message], [{ cid: 'c' }, 'what happened'])
  }
})

test('codes with a name in Grove 0.1 are sent under that name', () => {
  assert.equal(errorBody(new GroveError('manifest-invalid')).error.code, 'VALIDATION_ERROR')
  assert.equal(errorBody(new GroveError('not-found')).error.code, 'NOT_FOUND')
  assert.ok(
    isGroveError(errorFromBody({ error: { code: 'NOT_FOUND', message: 'm' } }), 'not-found'),
  )
  assert.ok(
    isGroveError(
      errorFromBody({ error: { code: 'SOMETHING_ELSE', message: 'm' } }),
      'internal-error',
    ),
  )
})

test('an error that is not a GroveError reveals no internals', () => {
  const body = errorBody(new TypeError('secret path /etc'))

  assert.deepEqual(body, {
    error: {
      code: 'INTERNAL_ERROR',
      message: 'internal error',
      details: { reason: 'internal-error' },
    },
  })
})

test('a body that is not an error is not read as one', () => {
  for (const body of [
    null,
    undefined,
    'x',
    5,
    [],
    {},
    { error: 'x' },
    { error: null },
    { error: { code: 5 } },
  ]) {
    assert.equal(errorFromBody(body), undefined)
  }
})

test('exit codes and statuses match their kind', () => {
  for (const [code, { exit, status }] of Object.entries(errorTable)) {
    assert.ok(exit >= 1 && exit <= 8, code)
    assert.ok(status >= 400 && status <= 599, code)
  }
})

test("a permanent error is not retryable, and never the network's fault", () => {
  for (const [code, kind] of Object.entries(errorTable)) {
    if (!kind.permanent) continue
    assert.equal(kind.retryable, false, code)
    assert.ok(kind.blame === 'peer' || kind.blame === 'none', code)
  }
})

test('no failure of our own storage is blamed on others', () => {
  const own = Object.entries(errorTable).filter(([, { exit }]) => exit === 7)

  assert.deepEqual(new Set(own.map(([, { blame }]) => blame)), new Set(['self']))
})

test('the default message says what happened to which object', () => {
  assert.equal(new GroveError('absent', { cid: 'c', list: [1] }).message, 'absent: cid c')
  assert.equal(new GroveError('absent').message, 'absent')
})

test('failed system calls are distinguished by what can be done about them', () => {
  const codeOf = (code: string) =>
    storageError(Object.assign(new Error('failed'), { code }), { path: 'p' }).code

  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL'])
    assert.equal(codeOf(code), 'storage-full')
  for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'SQLITE_NOMEM'])
    assert.equal(codeOf(code), 'resource-exhausted')
  for (const code of ['EROFS', 'EACCES', 'SQLITE_READONLY', 'SQLITE_READONLY_DIRECTORY'])
    assert.equal(codeOf(code), 'read-only')
  for (const code of ['EIO', 'SQLITE_IOERR_WRITE', 'SQLITE_CORRUPT', ''])
    assert.equal(codeOf(code), 'storage-failed')
})

test('a typed error keeps its code and its cause', () => {
  const own = new GroveError('busy')
  const cause = Object.assign(new Error('disk'), { code: 'ENOSPC' })

  assert.equal(storageError(own, {}), own)
  assert.equal(storageError(cause, {}).cause, cause)
  assert.deepEqual(storageError(cause, { path: 'p' }).details, { path: 'p', errno: 'ENOSPC' })
})

test('a system error on a file says in words what is wrong with it', () => {
  const told = (code: string, details: Record<string, unknown>) =>
    storageError(Object.assign(new Error(code), { code }), details).message

  assert.equal(told('EACCES', { path: '/srv/a' }), '/srv/a: this user has no permission (EACCES)')
  assert.equal(told('ENOSPC', { file: '/srv/b' }), '/srv/b: its disk is full (ENOSPC)')
  assert.equal(told('EIO', { file: '/srv/b' }), 'storage-failed: file /srv/b, errno EIO')
})

test('an error is charged to whom it is due', () => {
  const { 'pack-invalid': pack, 'port-taken': port } = errorTable

  // An author wrote it, so no gateway is at fault, and no other copy is better.
  assert.deepEqual([pack.status, pack.blame, pack.permanent], [422, 'none', true])
  // The address is not to be had, which says nothing about storage.
  assert.deepEqual([port.exit, port.retryable], [errorTable.busy.exit, true])
})

test('what a peer wrote in the place of details or a message is left out', () => {
  const strange = { toString: 1, valueOf: 1 }
  for (const [details, message] of [
    [null, 'm'],
    ['text', strange],
    [undefined, null],
  ]) {
    const read = errorFromBody({ error: { code: 'absent', message, details } })

    assert.deepEqual(read?.details, {})
    assert.equal(read.message, message === 'm' ? 'm' : 'absent')
  }
})
