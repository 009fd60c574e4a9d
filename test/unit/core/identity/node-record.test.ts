import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { SigningKey } from '../../../../src/core/identity/ed25519.ts'
import {
  compareRecords,
  NODE_RECORD_AHEAD_MS,
  NODE_RECORD_LIFETIME_MS,
  readNodeRecord,
  signNodeRecord,
} from '../../../../src/core/identity/node-record.ts'

const key = (n: number) => SigningKey.fromSecret(new Uint8Array(32).fill(n))
const [alice, bob] = [key(1), key(2)]
const NOW = Date.parse('2026-03-01T12:00:00.000Z')
const DAY_MS = 24 * 60 * 60_000
const facts = {
  addresses: ['http://10.0.0.1:4515'],
  capabilities: { federation: 2 },
  lastSeq: undefined,
}
const record = signNodeRecord(alice, facts, NOW)
const faultOf = (read: object) => ('fault' in read ? read.fault : undefined)

test('a record is read as its key signed it, from anybody', () => {
  assert.deepEqual(readNodeRecord(JSON.parse(JSON.stringify(record)), NOW), { record })
})

test('the record of the vectors is signed', () => {
  const file = new URL('../../../../spec/vectors/identity.json', import.meta.url)
  const { nodeRecord } = JSON.parse(readFileSync(file, 'utf8')) as { nodeRecord: object }

  assert.deepEqual(readNodeRecord(nodeRecord, NOW), { record: nodeRecord })
})

test('a record that was changed in anything is forged', () => {
  const changes = [
    { addresses: ['http://10.0.0.9:4515'] },
    { seq: record.seq + 1 },
    { peerId: bob.peerId },
    { expiresAt: record.expiresAt - 1 },
    { issuedAt: record.issuedAt + 1 },
    { capabilities: {} },
    { more: 1 },
    { signature: signNodeRecord(alice, facts, NOW + 1).signature },
  ]
  for (const change of changes)
    assert.equal(faultOf(readNodeRecord({ ...record, ...change }, NOW)), 'forged')
})

test('a record has its time', () => {
  const at = (now: number) => faultOf(readNodeRecord(record, now))

  assert.equal(at(NOW - 2 * 60 * 60_000), undefined, 'a clock that is two hours behind')
  assert.equal(at(NOW - NODE_RECORD_AHEAD_MS), undefined)
  assert.equal(at(NOW - NODE_RECORD_AHEAD_MS - 1), 'future')
  assert.equal(at(NOW + NODE_RECORD_LIFETIME_MS - 1), undefined)
  assert.equal(at(NOW + NODE_RECORD_LIFETIME_MS), 'expired')
  assert.equal(at(NOW + 30 * DAY_MS), 'expired')
})

test('a number far beyond its time would silence a key for good, and is refused', () => {
  const numbered = (lastSeq: number) => signNodeRecord(alice, { ...facts, lastSeq }, NOW)

  assert.equal(faultOf(readNodeRecord(numbered(NOW + DAY_MS - 1), NOW)), undefined)
  assert.equal(faultOf(readNodeRecord(numbered(NOW + DAY_MS), NOW)), 'malformed')
  assert.equal(faultOf(readNodeRecord(numbered(Number.MAX_SAFE_INTEGER - 1), NOW)), 'malformed')
})

test('what is no record is malformed, however large', () => {
  const values: unknown[] = [
    undefined,
    null,
    [],
    'x',
    {},
    { ...record, addresses: Array(5).fill('http://10.0.0.1:4515') },
    { ...record, addresses: ['ftp://10.0.0.1'] },
    { ...record, addresses: ['http://user:pass@10.0.0.1'] },
    { ...record, seq: -1 },
    { ...record, signature: `${record.signature}=` },
    { ...record, more: 'x'.repeat(3_000) },
  ]
  for (const value of values) assert.equal(faultOf(readNodeRecord(value, NOW)), 'malformed')
  fc.assert(
    fc.property(fc.jsonValue(), (more) => {
      assert.ok(faultOf(readNodeRecord({ ...record, more }, NOW)))
    }),
  )
})

test('the later record counts, and two of one number show two groves with one key', () => {
  const later = signNodeRecord(alice, { ...facts, lastSeq: record.seq }, NOW - 5_000)
  const twin = signNodeRecord(alice, { ...facts, addresses: [] }, NOW)

  assert.equal(later.seq, record.seq + 1, 'also where the clock was set back')
  assert.equal(compareRecords(undefined, record), 'newer')
  assert.equal(compareRecords(record, later), 'newer')
  assert.equal(compareRecords(later, record), 'older')
  assert.equal(compareRecords(record, { ...record }), 'same')
  assert.equal(compareRecords(record, twin), 'twin')
})
