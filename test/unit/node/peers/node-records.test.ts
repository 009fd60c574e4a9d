import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  NODE_RECORD_LIFETIME_MS,
  signNodeRecord,
} from '../../../../src/core/identity/node-record.ts'
import { leafAddress } from '../../../../src/core/peers/leaf.ts'
import { NodeRecords } from '../../../../src/node/peers/node-records.ts'
import type { RecordStore } from '../../../../src/ports/record-store.ts'
import { seeded } from '../../../../src/runtime/random.ts'
import { poolSignatures } from '../../../../src/runtime/signatures.ts'
import { memoryStores } from '../../../../src/stores/memory/open.ts'
import { keyOf } from '../../../support/signed-groves.ts'
import { standingClock } from '../../../support/standing-clock.ts'

const [self, peer, other] = [keyOf(1), keyOf(2), keyOf(3)]
const ADDRESS = 'http://10.0.0.2:4515'
const at = { peerId: peer.peerId, address: ADDRESS }
const NOW = Date.UTC(2026, 10, 27)

interface Begun {
  readonly records?: RecordStore
  readonly key?: typeof self
}

async function begin({ records = memoryStores(seeded(1)).records, key = self }: Begun = {}) {
  const { clock, move } = standingClock()
  move(NOW - clock.now())
  const warned: string[] = []
  const silent = () => {}
  const log = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (text: string) => void warned.push(text),
  }
  const nodeRecords = new NodeRecords({ records, clock, log, signatures: poolSignatures(key) })
  const remembered = await nodeRecords.load()
  return { nodeRecords, records, remembered, clock, move, warned }
}

const facts = { addresses: [ADDRESS], capabilities: { federation: 2 } }
const recordOf = (by = peer, now = NOW, said = {}) =>
  signNodeRecord(by, { ...facts, lastSeq: undefined, ...said }, now)

test('a record counts that the key signed which answered, at an address that it names', async () => {
  const { nodeRecords } = await begin()

  assert.equal(nodeRecords.proven(at, recordOf()), NOW)
  assert.equal(nodeRecords.seqOf(peer.peerId), NOW)
})

test('forged, foreign, expired, future and re-addressed records count for nothing', async () => {
  const { nodeRecords } = await begin()
  const bad = {
    forged: { ...recordOf(), seq: NOW + 1 },
    'of another key': recordOf(other),
    expired: recordOf(peer, NOW - NODE_RECORD_LIFETIME_MS),
    future: recordOf(peer, NOW + 25 * 60 * 60_000),
    'of other addresses': recordOf(peer, NOW, { addresses: ['http://192.0.2.1:80'] }),
    'of no address': recordOf(peer, NOW, { addresses: [] }),
    malformed: { peerId: peer.peerId },
  }

  for (const [what, record] of Object.entries(bad))
    assert.equal(nodeRecords.proven(at, record), 0, what)
})

test('the record of a leaf names no address, and counts on its own line only', async () => {
  const { nodeRecords } = await begin()
  const onLine = (one: typeof peer) => ({ ...at, address: leafAddress(one.peerId) })
  const ofLeaf = recordOf(peer, NOW, { addresses: [] })

  assert.equal(nodeRecords.proven(onLine(peer), recordOf()), 0, 'of who can be dialled')
  assert.equal(nodeRecords.proven(onLine(other), ofLeaf), 0, "another's line")
  assert.equal(nodeRecords.proven(onLine(peer), ofLeaf), NOW)
})

test('an older record that is sent again takes nothing back', async () => {
  const { nodeRecords } = await begin()
  nodeRecords.proven(at, recordOf(peer, NOW + 1_000))

  assert.equal(nodeRecords.proven(at, recordOf()), NOW + 1_000)
})

test('two records of one number are told of: two groves have the key', async () => {
  const { nodeRecords, warned } = await begin()
  nodeRecords.proven(at, recordOf())

  nodeRecords.proven(at, recordOf(peer, NOW, { capabilities: {} }))

  assert.deepEqual(warned, ['two groves have one key, or one that was restored'])
})

test('who was proven is known after a restart, with its record; who failed is not', async () => {
  const { nodeRecords, records } = await begin()
  const failed = { peerId: other.peerId, address: 'http://10.0.0.3:4515' }
  nodeRecords.proven(at, recordOf())
  nodeRecords.proven(failed, undefined)
  nodeRecords.forget(failed.peerId)
  await nodeRecords.close()

  const again = await begin({ records })

  assert.deepEqual(again.remembered, [{ ...at, seq: NOW }])
  const holds = (now: number) => again.nodeRecords.isValid(peer.peerId, now)
  assert.deepEqual([holds(NOW), holds(NOW + NODE_RECORD_LIFETIME_MS)], [true, false])
  assert.equal(again.nodeRecords.proven(at, recordOf(peer, NOW - 1_000)), NOW, 'a replayed one')
})

test('the own record is the same after a restart, until it says something else or is half old', async () => {
  const first = await begin()
  await first.nodeRecords.renew(facts)
  const made = first.nodeRecords.own

  const { nodeRecords, move } = await begin({ records: first.records })
  await nodeRecords.renew(facts)
  assert.deepEqual(nodeRecords.own, made)
  await nodeRecords.renew({ ...facts, addresses: ['http://10.0.0.9:4515'] })
  assert.equal(nodeRecords.own?.seq, NOW + 1)
  move(NODE_RECORD_LIFETIME_MS / 2)
  await nodeRecords.renew({ ...facts, addresses: ['http://10.0.0.9:4515'] })
  assert.equal(nodeRecords.own?.seq, NOW + NODE_RECORD_LIFETIME_MS / 2)
})

test('two records that are made at once have two numbers', async () => {
  const { nodeRecords, records } = await begin()
  const seqs: unknown[] = []
  const set = records.set.bind(records)
  records.set = async (space, key, value) => {
    await set(space, key, value)
    seqs.push(value['seq'])
  }

  await Promise.all([nodeRecords.renew(facts), nodeRecords.renew({ ...facts, addresses: [] })])

  assert.deepEqual(seqs, [NOW, NOW + 1])
})

test('another key has numbers of its own, and no key no record', async () => {
  const first = await begin()
  await first.nodeRecords.renew(facts)

  const { nodeRecords } = await begin({ records: first.records, key: other })
  await nodeRecords.renew(facts)

  assert.equal(nodeRecords.own?.peerId, other.peerId)
  assert.equal(nodeRecords.own?.seq, NOW)
})

test('a record is not shown before it is kept, so that no number is given twice', async () => {
  const { records } = memoryStores(seeded(1))
  const full = { ...records, list: () => records.list('x'), get: () => Promise.resolve(undefined) }
  const { nodeRecords } = await begin({
    records: { ...full, set: () => Promise.reject(new Error('full')) } as unknown as RecordStore,
  })

  await assert.rejects(nodeRecords.renew(facts))

  assert.equal(nodeRecords.own, undefined)
})
