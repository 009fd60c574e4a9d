import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Rotation, rotate } from '../../../../src/core/identity/rotation.ts'
import { timestamp } from '../../../../src/core/time.ts'
import { Access } from '../../../../src/node/access/access.ts'
import { FaultLog } from '../../../../src/node/peers/fault-log.ts'
import {
  askWhoIsThere,
  provenSampling,
  rememberProven,
  type SamplingContext,
} from '../../../../src/node/peers/sampling.ts'
import { type Log, silentLog } from '../../../../src/ports/log.ts'
import type { Input } from '../../../../src/protocol/messages.ts'
import { seeded } from '../../../../src/runtime/random.ts'
import { secretHex } from '../../../../src/runtime/secret.ts'
import { memoryStores } from '../../../../src/stores/memory/open.ts'
import { keyOf } from '../../../support/signed-groves.ts'
import { standingClock } from '../../../support/standing-clock.ts'

const [own, old, next] = [keyOf(1), keyOf(2), keyOf(3)]
const self = { peerId: own.peerId, address: 'http://10.0.0.1:4515' }
const peer = { peerId: old.peerId, address: 'http://10.0.0.2:4515' }

/** What comes of asking a peer whose answer has this signature. */
async function asked(signedBy: string | undefined, rotations: readonly Rotation[] = []) {
  const told: Input[] = []
  const retired: string[] = []
  const { clock } = standingClock()
  const access = new Access({
    ...{ records: memoryStores(seeded(1)).records, clock, secret: secretHex },
  })
  const warned: string[] = []
  const log: Log = {
    ...silentLog,
    warn: (_, fields) => void warned.push(JSON.stringify(fields)),
  }
  const node = {
    config: { self, seeds: [] },
    access,
    closing: new AbortController().signal,
    nodeRecords: {
      ...{ seqOf: () => 7, own: undefined, proven: () => 8 },
      forget: (peerId: string) => void retired.push(peerId),
    },
    transport: {
      sample: async () => ({ answer: { peers: [] }, signedBy }),
      identity: async () => ({ peerId: signedBy, rotations }),
    },
    tell: (input: Input) => void told.push(input),
    gossip: { peer: () => undefined },
    leaf: { told: (sender: object) => sender },
    events: { publish() {} },
    log,
    faultLog: new FaultLog({ log, clock }),
  } as unknown as SamplingContext
  await askWhoIsThere(node, peer, 10)
  return { types: told.map(({ type }) => type), told, retired, warned }
}

test('an answer is told of with the key that signed it, and the record that is held', async () => {
  const { told } = await asked(peer.peerId)

  const answer = { peers: [] }
  assert.deepEqual(told, [{ type: 'sample-answered', peer, answer, proven: peer.peerId, seq: 8 }])
})

test("an answer that is signed by this grove's own key is that of a copy, which is told of", async () => {
  const { types, warned } = await asked(own.peerId)

  assert.deepEqual(types, [])
  assert.match(warned.join(), /10\.0\.0\.2:4515 has the id of this one/)
})

test('a key that was given up for the one that answers is retired, if both have signed it', async () => {
  const rotation = rotate(old, next, timestamp(1_700_000_000_000))

  assert.deepEqual((await asked(next.peerId, [rotation])).retired, [old.peerId])
  assert.deepEqual((await asked(next.peerId)).retired, [])
  const forged = { ...rotation, to: keyOf(4).peerId }
  assert.deepEqual((await asked(keyOf(4).peerId, [forged])).retired, [])
})

test('who was proven before a start, by a record that holds still, is expected to sign', async () => {
  const expected: unknown[] = []
  const told: Input[] = []
  const expired = { peerId: next.peerId, address: 'http://10.0.0.3:4515' }
  const remembered = [peer, expired].map((one) => ({ ...one, seq: 1 }))
  const isValid = (peerId: string, now: number) => peerId === peer.peerId && now === 5
  const nodeRecords = { load: async () => remembered, isValid, renew: async () => {} }
  const node = {
    config: { self, seeds: [] },
    clock: { now: () => 5 },
    nodeRecords,
    transport: { expectSigned: (peers: unknown) => void expected.push(peers) },
    tell: (input: Input) => void told.push(input),
    later() {},
  } as unknown as Parameters<typeof rememberProven>[0]

  await rememberProven(node)

  assert.deepEqual(expected, [[{ ...peer, seq: 1 }]])
  assert.deepEqual(told, [{ type: 'peers-remembered', peers: remembered }])
})

test('only keys may be chosen that are neither blocked nor given up; in members, listed ones', () => {
  const standings = {
    of: (id: string) => (id === 'http://10.0.0.9:4515' ? ('blocked' as const) : undefined),
  }
  const keys = {
    of: (id: string) => (id === next.peerId ? ('trusted' as const) : undefined),
    isRetired: (id: string) => id === old.peerId,
  }
  const chosen = (admission: 'open' | 'signed' | 'members') =>
    provenSampling(
      { config: { admission, reachable: true }, access: { standings, keys } },
      secretHex,
    )
  const at = (peerId: string, address = peer.address) => ({ peerId, address })

  assert.equal(chosen('open'), undefined)
  const [signed, members] = [chosen('signed')!, chosen('members')!]
  assert.ok(signed.accepts(at(own.peerId)))
  assert.ok(!signed.accepts(at(own.peerId, 'http://10.0.0.9:4515')))
  assert.ok(!signed.accepts(at(old.peerId)))
  assert.ok(!signed.accepts(at('grove-1')))
  assert.ok(!members.accepts(at(own.peerId)))
  assert.ok(members.accepts(at(next.peerId)))
  assert.ok(signed.isTrusted?.(at(next.peerId)))
  assert.ok(!signed.isTrusted?.(at(own.peerId)))
  assert.ok(signed.random.next() < 1)
})
