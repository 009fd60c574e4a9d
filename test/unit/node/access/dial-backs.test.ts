import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DialBacks } from '../../../../src/node/access/dial-backs.ts'
import { withCode } from '../../../support/errors.ts'
import { standingClock } from '../../../support/standing-clock.ts'

test('a key has this grove dial it four times at once, a host sixteen times, and all 120 times', () => {
  const { clock, move } = standingClock()
  const dialBacks = new DialBacks(clock)
  const take = (peerId: string, host: string) => () => dialBacks.take({ peerId, host })

  for (let n = 0; n < 4; n++) take('a', 'x')()
  assert.throws(take('a', 'x'), withCode('busy'))
  for (let n = 0; n < 12; n++) take(`key ${n}`, 'x')()
  assert.throws(take('b', 'x'), withCode('busy'))
  for (let n = 0; n < 104; n++) take(`other ${n}`, `host ${n}`)()
  assert.throws(take('c', 'y'), withCode('busy'))
  move(60_000)
  take('a', 'x')()
})
