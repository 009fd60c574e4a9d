import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryRequest } from '../../../../src/api/answer/request.ts'
import { errorResponse } from '../../../../src/api/answer/response.ts'
import { AccessLog } from '../../../../src/api/http/access-log.ts'
import { GroveError } from '../../../../src/core/errors.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { standingClock } from '../../../support/standing-clock.ts'

test('a request that found the disk full is a warning', () => {
  const lines: string[] = []
  const log = { ...silentLog, warn: (message: string) => void lines.push(message) }
  const response = errorResponse(new GroveError('storage-full'))
  const request = memoryRequest({ method: 'POST', target: '/api/contributions' })

  new AccessLog(log, () => 0).note(request, {
    operation: 'publish',
    response,
    from: undefined,
    ms: 1,
    isCut: false,
  })

  assert.deepEqual(lines, ['request'])
})

test('refused requests are logged at a rate, so that strangers fill no disk', () => {
  const told: string[] = []
  const { clock, move } = standingClock()
  const level = (name: string) => () => void told.push(name)
  const log = new AccessLog({ ...silentLog, info: level('info'), debug: level('debug') }, clock.now)
  const note = (status: number, { isRoute = true, isSigned = false } = {}) => {
    told.length = 0
    const headers: Record<string, string> = isSigned ? { 'signature-input': 'grove=()' } : {}
    const operation = isRoute ? 'log' : undefined
    const outcome = { operation, from: '203.0.113.5', ms: 1, isCut: false }
    for (let n = 0; n < 100; n++)
      log.note(memoryRequest({ method: 'GET', target: '/', headers }), {
        ...outcome,
        response: { status, headers: {} },
      })
    return told.filter((name) => name === 'info').length
  }

  assert.equal(note(401), 20)
  assert.equal(note(200), 100)
  move(6_000)
  assert.equal(note(403), 2)
  assert.equal(note(404), 100, 'an operation has answered')
  assert.equal(note(404, { isRoute: false }), 0)
  assert.equal(note(400, { isSigned: true }), 0)
  assert.equal(note(200, { isSigned: true }), 0, 'keys are cheap to make')
})

test('a grove that is asked to sign once more is no news, unless the address was not ours', () => {
  const told: string[] = []
  const level = (name: string) => () => void told.push(name)
  const log = { ...silentLog, info: level('info'), debug: level('debug') }
  const request = memoryRequest({
    ...{ method: 'POST', target: '/api/gossip/exchange' },
    headers: { 'signature-input': 'grove=()' },
  })
  for (const reason of ['time', 'receiver', 'target']) {
    const headers = { 'grove-challenge': `ed25519:00 1 ${reason}` }
    const outcome = { operation: 'exchange', from: undefined, ms: 1, isCut: false }
    new AccessLog(log, () => 0).note(request, { ...outcome, response: { status: 401, headers } })
  }

  assert.deepEqual(told, ['debug', 'debug', 'info'])
})
