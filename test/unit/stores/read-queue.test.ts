import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LongQuery } from '../../../src/stores/sqlite/reader/query.ts'
import { ReadQueue } from '../../../src/stores/sqlite/reader/read-queue.ts'
import { withCode } from '../../support/errors.ts'

/** The queue, and the order in which its reads get their turn, each taking so many ms. */
function orderOf(queue: ReadQueue, ms: (caller: string) => number): string[] {
  const order: string[] = []
  for (let task = queue.next(); task !== undefined; task = queue.next()) {
    order.push(task.caller)
    queue.charge(task, ms(task.caller))
  }
  return order
}

const search = (text: string): LongQuery => ({ type: 'search', args: [text, {}, 5] })

test('callers take turns, however many reads one of them asks for', () => {
  const queue = new ReadQueue()
  for (let n = 0; n < 20; n++) void queue.add(search(`a${n}`), 'greedy', undefined, () => {})
  for (let n = 0; n < 2; n++) void queue.add(search(`b${n}`), 'polite', undefined, () => {})

  const order = orderOf(queue, () => 10)

  assert.equal(order.lastIndexOf('polite') <= 4, true, order.join(' '))
  assert.equal(order.length, 22)
})

test('equal reads that wait are one', async () => {
  const queue = new ReadQueue()
  const asked = [1, 2, 3].map((n) => queue.add(search('same'), `caller ${n}`, undefined, () => {}))

  const task = queue.next()
  task?.resolve({ ids: [7], isBounded: false })

  assert.deepEqual(await Promise.all(asked), Array(3).fill({ ids: [7], isBounded: false }))
  assert.equal(queue.next(), undefined)
})

test('a caller with too many reads is told that the grove is busy, and others are not', async () => {
  const queue = new ReadQueue()
  for (let n = 0; n < 64; n++) void queue.add(search(`${n}`), 'greedy', undefined, () => {})

  await assert.rejects(
    queue.add(search('more'), 'greedy', undefined, () => {}),
    withCode('busy'),
  )
  void queue.add(search('other'), 'polite', undefined, () => {})
  assert.equal(queue.next()?.query.args[0] !== undefined, true)
})

test('a read that nobody waits for any more never begins', async () => {
  const queue = new ReadQueue()
  const leaving = new AbortController()
  const left: string[] = []
  const asked = queue.add(search('a'), 'x', leaving.signal, ({ key }) => void left.push(key))

  leaving.abort(new Error('gone'))

  await assert.rejects(asked, /gone/)
  assert.equal(left.length, 1)
  assert.equal(queue.next(), undefined)
})

test('whoever asks the same as one with many reads waits for no turn of theirs', () => {
  const queue = new ReadQueue()
  const add = (text: string, caller: string) => queue.add(search(text), caller, undefined, () => {})
  for (let n = 0; n < 20; n++) void add(`${n}`, 'greedy')
  void add('19', 'polite')

  const order = orderOf(queue, () => 10)

  assert.equal(order.length, 20)
  assert.ok(order.indexOf('polite') <= 1, order.join(' '))
})

test('a read goes on for those who stay, with their turns', async () => {
  const queue = new ReadQueue()
  const leaving = new AbortController()
  void queue.add(search('first'), 'stays', undefined, () => {})
  const stays = queue.add(search('same'), 'stays', undefined, () => {})
  const left = queue.add(search('same'), 'leaves', leaving.signal, () => assert.fail('all left'))

  leaving.abort(new Error('gone'))

  await assert.rejects(left, /gone/)
  assert.deepEqual(
    orderOf(queue, () => 10),
    ['stays', 'stays'],
  )
  void stays
})

test('a read that gave way is joined by nobody, and others of its caller go first', () => {
  const queue = new ReadQueue()
  const add = (text: string) => queue.add(search(text), 'one', undefined, () => {})
  void add('slow')
  const slow = queue.next()
  void add('other')
  assert.ok(slow)

  queue.addAgain(slow)
  void add('slow')

  const texts = [queue.next(), queue.next(), queue.next()].map((task) => task?.query.args[0])
  assert.deepEqual(texts, ['other', 'slow', 'slow'])
})
