import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroveError } from '../../../../src/core/errors.ts'
import type { PeersContext } from '../../../../src/node/context.ts'
import { noteWrongId } from '../../../../src/node/peers/contact.ts'
import { FaultLog } from '../../../../src/node/peers/fault-log.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { standingClock } from '../../../support/standing-clock.ts'

function listening() {
  const told: Readonly<Record<string, unknown>>[] = []
  const log = { ...silentLog, warn: (_: string, fields = {}) => void told.push(fields) }
  const { clock, move } = standingClock()
  return { told, move, faultLog: new FaultLog({ log, clock }) }
}

const peerAt = (n: number) => ({ peerId: `p${n}`, address: `http://203.0.113.${n}:4515` })

test('a fault that a peer repeats is logged once a minute, with how often it was', () => {
  const { told, move, faultLog } = listening()
  const node = {
    peers: { fault() {} },
    seedWatch: { failed() {} },
    gossip: { peer: () => undefined },
    config: { self: peerAt(1), seeds: [] },
    faultLog,
  }
  const note = () => noteWrongId(node as never as PeersContext, peerAt(2), 'another')

  for (let n = 0; n < 100; n++) note()
  assert.equal(told.length, 1)
  assert.equal(told[0]?.['more'], undefined)
  faultLog.note(peerAt(2), new GroveError('peer-fault', { fault: 'hash' }))
  faultLog.note(peerAt(3), new GroveError('peer-fault', { fault: 'wrong-id' }))
  assert.equal(told.length, 3, 'another fault, and that of another peer')

  move(60_000)
  note()
  assert.equal(told.length, 4)
  assert.equal(told[3]?.['more'], 99)
})

test('many peers with faults fill no disk', () => {
  const { told, move, faultLog } = listening()
  const fail = () => {
    for (let n = 1; n <= 200; n++)
      faultLog.note(peerAt(n), new GroveError('peer-fault', { fault: 'hash' }))
  }

  fail()
  assert.equal(told.length, 20)
  move(3_000)
  fail()
  assert.equal(told.length, 21)
})
