import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryRequest } from '../../../../src/api/answer/request.ts'
import { errorResponse } from '../../../../src/api/answer/response.ts'
import { logRequest } from '../../../../src/api/http/access-log.ts'
import { GroveError } from '../../../../src/core/errors.ts'
import { silentLog } from '../../../../src/ports/log.ts'

test('a request that found the disk full is a warning', () => {
  const lines: string[] = []
  const log = { ...silentLog, warn: (message: string) => void lines.push(message) }
  const response = errorResponse(new GroveError('storage-full'))
  const request = memoryRequest({ method: 'POST', target: '/api/contributions' })

  logRequest(log, request, { operation: 'publish', response, from: undefined, ms: 1, isCut: false })

  assert.deepEqual(lines, ['request'])
})
