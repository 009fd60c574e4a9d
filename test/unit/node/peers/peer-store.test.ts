import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroveError } from '../../../../src/core/errors.ts'
import { PeerStore } from '../../../../src/node/peers/peer-store.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { MemoryRecords } from '../../../../src/stores/memory/records.ts'
import { HostMap } from '../../../../src/transport/hosts.ts'
import { work } from '../../../support/peer.ts'
import { standingClock } from '../../../support/standing-clock.ts'

const proof = {
  cid: work('x').cid,
  metric: 'loss',
  advertised: { value: 0.1, direction: 'minimize' as const },
  actual: { value: 0.9, direction: 'minimize' as const },
  at: '2026-01-01T00:00:00.000Z',
}
const fault = new GroveError('peer-fault', {}, { message: 'lied' })
const [a, b, c] = ['a', 'b', 'c'].map((peerId) => ({
  peerId,
  address: `http://${peerId}.invalid`,
})) as [Peer, Peer, Peer]
type Peer = { peerId: string; address: string }

function openBook(records = new MemoryRecords()) {
  const { clock, move } = standingClock()
  return { book: new PeerStore({ records, clock, log: silentLog }), records, move }
}

test('a peer record survives a restart', async () => {
  const { book, records } = openBook()
  book.advertisementConfirmed(a.address)
  book.advertisementContradicted(a.address, proof, fault)
  book.bytesGood(a.address, 10)
  book.fault(a.address, fault, 7)
  await book.close()

  const { book: later } = openBook(records)
  await later.load()

  const { lastError, ...record } = later.record(a.address)
  assert.deepEqual(record, {
    confirmed: 1,
    contradicted: 1,
    bytesGood: 10,
    bytesBad: 7,
    failures: 1,
    proofs: [proof],
    trust: book.trust(a.address),
  })
  assert.equal(lastError?.code, 'peer-fault')
})

test('a peer that lied comes after an unreachable one, which comes after the others', () => {
  const { book } = openBook()
  book.fault(a.address, fault, 100)
  book.fault(b.address, new GroveError('peer-unreachable', {}))

  assert.deepEqual(
    book.order([a, b, c]).map(({ peerId }) => peerId),
    ['c', 'b', 'a'],
  )
})

test('a failure lowers the rank of a peer only for a while', () => {
  const { book, move } = openBook()
  book.fault(a.address, new GroveError('peer-unreachable', {}))
  assert.deepEqual(book.order([a, b]), [b, a])

  move(60 * 60_000)

  assert.deepEqual(book.order([a, b]), [a, b])
})

test("a peer's answer absent is believed for five minutes", () => {
  const { book, move } = openBook()
  const { cid } = work('x')
  book.absences.add(a.address, cid)
  assert.equal(book.absences.has(a.address, cid), true)
  assert.equal(book.absences.has(b.address, cid), false)

  move(5 * 60_000 + 1)

  assert.equal(book.absences.has(a.address, cid), false)
})

test('at most a thousand peers are remembered', async () => {
  const { book, records } = openBook()
  for (let index = 0; index < 1_200; index++) book.advertisementConfirmed(`peer-${index}`)
  await book.close()

  assert.equal((await records.list('peers')).length, 1_000)
  assert.equal(book.record('peer-0').confirmed, 0)
  assert.equal(book.record('peer-1199').confirmed, 1)
})

test('changes are written together, one second after the first', async () => {
  const { book, records, move } = openBook()
  book.advertisementConfirmed(a.address)
  book.advertisementConfirmed(b.address)
  assert.deepEqual(await records.list('peers'), [])

  move(1_000)
  await new Promise((resolve) => setImmediate(resolve))

  assert.deepEqual(
    (await records.list('peers')).map(({ key }) => key),
    [a.address, b.address],
  )
})

test('the last ten contradicted advertisements are kept as proof', () => {
  const { book } = openBook()
  for (let value = 0; value < 12; value++) {
    book.advertisementContradicted(
      a.address,
      { ...proof, advertised: { value, direction: 'minimize' } },
      fault,
    )
  }

  const { contradicted, proofs } = book.record(a.address)

  assert.equal(contradicted, 12)
  assert.deepEqual(
    proofs.map(({ advertised }) => advertised.value),
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  )
})

test('a liar comes after unknown peers for days, and then is asked like any other', () => {
  const { book, move } = openBook()
  for (let n = 0; n < 3; n++) book.bytesGood(a.address, 10_000_000)
  for (let n = 0; n < 20; n++) book.advertisementContradicted(a.address, proof, fault)
  move(2 * 24 * 60 * 60_000)
  assert.deepEqual(book.order([a, b]), [b, a])

  move(12 * 24 * 60 * 60_000)

  assert.deepEqual(book.order([b, a]), [a, b])
})

test('a lie recorded by a clock that ran ahead fades from now on', async () => {
  const { book, records, move } = openBook()
  move(365 * 24 * 60 * 60_000)
  book.advertisementContradicted(a.address, proof, fault)
  await book.close()
  const { book: later, move: moveLater } = openBook(records)
  await later.load()
  const before = later.trust(a.address)

  moveLater(24 * 60 * 60_000)

  assert.ok(Math.abs(before - 0.25) < 0.001 && later.trust(a.address) > 0.35)
})

test('the next write makes up for a failed one', async () => {
  class FullDisk extends MemoryRecords {
    full = true
    override async set(...args: Parameters<MemoryRecords['set']>): Promise<void> {
      if (this.full) throw new GroveError('storage-full')
      return super.set(...args)
    }
  }
  const records = new FullDisk()
  const { book, move } = openBook(records)
  book.advertisementConfirmed(a.address)
  move(1_000)
  await new Promise((resolve) => setImmediate(resolve))
  records.full = false

  await book.close()

  assert.equal((await records.list('peers')).length, 1)
})

test('a record written by the last version is read with the current names', async () => {
  const records = new MemoryRecords()
  const said = { value: 0.1, direction: 'minimize' }
  const old = {
    record: {
      claimsKept: 3,
      claimsBroken: 1,
      bytesGood: 10,
      bytesBad: 0,
      failures: 2,
      proofs: [{ cid: proof.cid, metric: 'loss', claimed: said, at: '2026-01-01T00:00:00.000Z' }],
    },
    lies: { weight: 1, at: 0 },
    failures: { weight: 0, at: 0 },
  }
  await records.set('peers', a.address, old)
  const { book } = openBook(records)

  await book.load()

  const { confirmed, contradicted, proofs } = book.record(a.address)
  assert.deepEqual({ confirmed, contradicted }, { confirmed: 3, contradicted: 1 })
  assert.deepEqual(proofs[0]?.advertised, said)
})

test('a lie counts against what else is on the host, but for who has been good, over restarts', async () => {
  const { clock } = standingClock()
  const records = new MemoryRecords()
  const hosts = new HostMap({ allowPrivate: false })
  const open = () => new PeerStore({ records, clock, log: silentLog, hosts })
  const book = open()
  const [liar, next, good] = ['http://8.0.0.1:1', 'http://8.0.0.1:2', 'http://8.0.0.1:3'] as const
  book.advertisementConfirmed(good)

  book.advertisementContradicted(liar, proof, fault)

  assert.deepEqual([book.trust(next), book.trust('http://8.0.0.2')], [0.25, 0.5])
  assert.ok(book.trust(good) > 0.5)
  assert.equal(book.record(next).contradicted, 0)
  await book.close()

  const later = open()
  await later.load()
  assert.equal(later.trust(next), 0.25)
})

test('a peer that could not be reached for an hour is as good as before once it answers', async () => {
  const { book, records, move } = openBook()
  book.advertisementConfirmed(a.address)
  const before = book.trust(a.address)
  for (let second = 0; second < 3_600; second += 1) {
    book.fault(a.address, new GroveError('peer-unreachable', {}))
    move(1_000)
  }
  book.fault(a.address, new GroveError('refused', { foreign: true }))
  assert.ok(book.trust(a.address) < 0.1)

  book.answered(a.address)

  assert.equal(book.trust(a.address), before)
  assert.equal(book.record(a.address).failures, 3_601)
  book.fault(a.address, new GroveError('peer-unreachable', {}))
  await book.close()
  const { book: later } = openBook(records)
  await later.load()
  assert.equal(later.trust(a.address), before, 'a restart is a new beginning')
})

test('an answer forgives neither slowness nor a broken protocol', () => {
  const { book } = openBook()
  book.fault(a.address, new GroveError('peer-too-slow', {}))
  book.fault(b.address, fault)
  const [slow, broken] = [book.trust(a.address), book.trust(b.address)]

  for (const { address } of [a, b]) book.answered(address)

  assert.deepEqual([book.trust(a.address), book.trust(b.address)], [slow, broken])
})

test('right bytes make up for wrong ones, which the line may have made, over restarts', async () => {
  const { book, records } = openBook()
  book.advertisementConfirmed(a.address)
  const before = book.trust(a.address)
  book.fault(a.address, new GroveError('fetch-bad-bytes', {}), 1_000)
  assert.ok(book.trust(a.address) < before / 1.9)
  await book.close()
  const { book: later } = openBook(records)
  await later.load()

  later.bytesGood(a.address, 3_999)
  assert.ok(later.trust(a.address) < before / 1.9)
  later.bytesGood(a.address, 1)

  assert.ok(later.trust(a.address) >= before)
  assert.equal(later.record(a.address).bytesBad, 1_000, 'the totals tell it still')
})

test('who sends a fifth of its bytes wrong stays behind, and right bytes excuse no other lie', () => {
  const { book } = openBook()
  for (let n = 0; n < 50; n += 1) {
    book.fault(a.address, new GroveError('fetch-bad-bytes', {}), 1_001)
    book.bytesGood(a.address, 4_000)
  }
  book.advertisementContradicted(b.address, proof, fault)
  book.bytesGood(b.address, 10_000_000)

  assert.ok(book.trust(a.address) < 0.01)
  assert.ok(book.trust(b.address) < 0.5)
})
