import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroveError } from '../../../src/core/errors.ts'
import { PeerBook } from '../../../src/node/peers.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { silentLog } from '../../../src/ports/log.ts'
import { MemoryRecords } from '../../../src/stores/memory/records.ts'
import { work } from '../../support/peer.ts'

const fault = new GroveError('peer-fault', {}, { message: 'lied' })
const [a, b, c] = ['a', 'b', 'c'].map((peerId) => ({ peerId, address: `http://${peerId}.invalid` })) as [
  Peer,
  Peer,
  Peer,
]
type Peer = { peerId: string; address: string }

/** A clock that stands until it is moved. */
function standingClock() {
  const tasks: { at: number; task: () => void }[] = []
  const state = { now: 1_000_000 }
  const clock: Clock = {
    now: () => state.now,
    after(delayMs, task) {
      const entry = { at: state.now + delayMs, task }
      tasks.push(entry)
      return () => void tasks.splice(tasks.indexOf(entry), 1)
    },
    sleep: () => Promise.resolve(),
  }
  const move = (ms: number) => {
    state.now += ms
    for (const entry of tasks.filter(({ at }) => at <= state.now)) {
      tasks.splice(tasks.indexOf(entry), 1)
      entry.task()
    }
  }
  return { clock, move }
}

function openBook(records = new MemoryRecords()) {
  const { clock, move } = standingClock()
  return { book: new PeerBook({ records, clock, log: silentLog }), records, move }
}

test('what a peer did is kept over a restart', async () => {
  const { book, records } = openBook()
  book.claimKept('a')
  book.claimBroken('a', fault)
  book.bytesGood('a', 10)
  book.fault('a', fault, 7)
  await book.close()

  const { book: later } = openBook(records)
  await later.load()

  const { lastError, ...record } = later.record('a')
  assert.deepEqual(record, { claimsKept: 1, claimsBroken: 1, bytesGood: 10, bytesBad: 7, failures: 1 })
  assert.equal(lastError?.code, 'peer-fault')
})

test('who lied comes after who was only out of reach, and that one after the others', () => {
  const { book } = openBook()
  book.fault('a', fault, 100)
  book.fault('b', new GroveError('peer-unreachable', {}))

  assert.deepEqual(
    book.order([a, b, c]).map(({ peerId }) => peerId),
    ['c', 'b', 'a'],
  )
})

test('a failure puts a peer back for a while only', () => {
  const { book, move } = openBook()
  book.fault('a', new GroveError('peer-unreachable', {}))
  assert.deepEqual(book.order([a, b]), [b, a])

  move(61_000)

  assert.deepEqual(book.order([a, b]), [a, b])
})

test("a peer's absent is believed for five minutes", () => {
  const { book, move } = openBook()
  const { cid } = work('x')
  book.saidAbsent('a', cid)
  assert.equal(book.isAbsent('a', cid), true)
  assert.equal(book.isAbsent('b', cid), false)

  move(5 * 60_000 + 1)

  assert.equal(book.isAbsent('a', cid), false)
})

test('no more than a thousand peers are remembered', async () => {
  const { book, records } = openBook()
  for (let index = 0; index < 1_200; index++) book.claimKept(`peer-${index}`)
  await book.close()

  assert.equal((await records.list('peers')).length, 1_000)
  assert.equal(book.record('peer-0').claimsKept, 0)
  assert.equal(book.record('peer-1199').claimsKept, 1)
})

test('changes are written together, a second after the first', async () => {
  const { book, records, move } = openBook()
  book.claimKept('a')
  book.claimKept('b')
  assert.deepEqual(await records.list('peers'), [])

  move(1_000)
  await new Promise((resolve) => setImmediate(resolve))

  assert.deepEqual(
    (await records.list('peers')).map(({ key }) => key),
    ['a', 'b'],
  )
})
