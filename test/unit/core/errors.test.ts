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

test('every code survives the way over the wire, with its details', () => {
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    const told = JSON.parse(
      JSON.stringify(errorBody(new GroveError(code, { cid: 'c' }, { message: 'what happened' }))),
    )

    const heard = errorFromBody(told)

    assert.ok(isGroveError(heard, code), code)
    assert.deepEqual([heard.details, heard.message], [{ cid: 'c' }, 'what happened'])
  }
})

test('codes that Grove 0.1 has a name for are told by that name', () => {
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

test('an error that is not ours tells nothing of its insides', () => {
  const body = errorBody(new TypeError('secret path /etc'))

  assert.deepEqual(body, {
    error: {
      code: 'INTERNAL_ERROR',
      message: 'internal error',
      details: { reason: 'internal-error' },
    },
  })
})

test('a body that is no error is none', () => {
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

test('exit codes and statuses are those of their kind', () => {
  for (const [code, { exit, status }] of Object.entries(errorTable)) {
    assert.ok(exit >= 1 && exit <= 8, code)
    assert.ok(status >= 400 && status <= 599, code)
  }
})

test('what is permanent is not worth a retry, and is never a fault of the network or of our own', () => {
  for (const [code, kind] of Object.entries(errorTable)) {
    if (!kind.permanent) continue
    assert.equal(kind.retryable, false, code)
    assert.ok(kind.blame === 'peer' || kind.blame === 'none', code)
  }
})

test('every failure of the own storage is blamed on nobody else', () => {
  const own = Object.entries(errorTable).filter(([, { exit }]) => exit === 7)

  assert.deepEqual(new Set(own.map(([, { blame }]) => blame)), new Set(['self']))
})

test('a message says what happened to which object where nobody said it better', () => {
  assert.equal(new GroveError('absent', { cid: 'c', list: [1] }).message, 'absent: cid c')
  assert.equal(new GroveError('absent').message, 'absent')
})

test('failed system calls are told apart by what can be done about them', () => {
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

test('a typed error stays what it is, and the cause is kept', () => {
  const own = new GroveError('busy')
  const cause = Object.assign(new Error('disk'), { code: 'ENOSPC' })

  assert.equal(storageError(own, {}), own)
  assert.equal(storageError(cause, {}).cause, cause)
  assert.deepEqual(storageError(cause, { path: 'p' }).details, { path: 'p', errno: 'ENOSPC' })
})
