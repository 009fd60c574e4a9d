import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryRequest } from '../../../../src/api/answer/request.ts'
import { AccessLog } from '../../../../src/api/http/access-log.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { standingClock } from '../../../support/standing-clock.ts'

test('refused requests are logged at a rate, so that strangers fill no disk', () => {
  const told: string[] = []
  const { clock, move } = standingClock()
  const level = (name: string) => () => void told.push(name)
  const log = new AccessLog({ ...silentLog, info: level('info'), debug: level('debug') }, clock.now)
  const note = (status: number, times: number) => {
    told.length = 0
    const outcome = { operation: 'log', from: '203.0.113.5', ms: 1, isCut: false }
    for (let n = 0; n < times; n++)
      log.note(memoryRequest({ method: 'GET', target: '/' }), {
        ...outcome,
        response: { status, headers: {} },
      })
    return told.filter((name) => name === 'info').length
  }

  assert.equal(note(401, 100), 20)
  assert.equal(note(200, 100), 100)
  move(6_000)
  assert.equal(note(403, 100), 2)
})
