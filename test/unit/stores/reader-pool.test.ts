import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Clock } from '../../../src/ports/clock.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { Connection } from '../../../src/stores/sqlite/database/connection.ts'
import { DatabaseFile } from '../../../src/stores/sqlite/database/database-file.ts'
import { LongReads } from '../../../src/stores/sqlite/reader/long-reads.ts'
import { ReaderPool } from '../../../src/stores/sqlite/reader/pool.ts'
import type { LongQuery } from '../../../src/stores/sqlite/reader/query.ts'
import { ReadQueue } from '../../../src/stores/sqlite/reader/read-queue.ts'
import { SharedWatch, UNWATCHED } from '../../../src/stores/sqlite/reader/watch.ts'
import { Writer } from '../../../src/stores/sqlite/writer/writer.ts'
import { local, relation, sample } from '../../conformance/samples.ts'
import { withCode } from '../../support/errors.ts'
import { temporaryDirectory } from '../../support/folder.ts'

const root = sample({ summary: 'root' })
const page = { limit: 5, offset: 0 }

/** A query of each type, and more where one has several ways. Each finds something. */
const queries: readonly LongQuery[] = [
  { type: 'list', args: [{}, page] },
  { type: 'list', args: [{ tags: ['ml'] }, page] },
  { type: 'list', args: [{ tags: ['ml'] }, { limit: 5, offset: 50 }] },
  { type: 'related', args: [root.cid, ['responds_to'], page] },
  { type: 'search', args: ['reply', {}, 5] },
  { type: 'search', args: ['reply', { tags: ['ml'] }, 5] },
  { type: 'frontier', args: [{ limit: 5 }] },
  { type: 'frontier', args: [{ limit: 5, tags: ['ml'] }] },
  { type: 'frontier', args: [{ limit: 500, tags: ['ml'] }] },
  { type: 'threads', args: [{ limit: 5 }] },
  { type: 'threads', args: [{ limit: 5, tags: ['ml'], unanswered: true }] },
]

/** A database with a work and 100 replies to it. */
async function filled(test: TestContext): Promise<string> {
  const temporary = await temporaryDirectory()
  test.after(() => temporary[Symbol.asyncDispose]())
  const file = join(temporary.dir, 'grove.db')
  const replies = Array.from({ length: 100 }, (_, n) =>
    sample({
      kind: 'discussion',
      summary: `reply ${n}`,
      tags: ['ml'],
      relations: n % 2 === 0 ? [relation('responds_to', root.cid)] : [],
    }),
  )
  const writer = new Writer(file)
  writer.commit(
    [root, ...replies].map(({ cid, bytes }) => ({
      type: 'put-contribution',
      cid,
      bytes,
      provenance: local(),
    })),
  )
  writer.close()
  return file
}

/** A pool on a database that a connection keeps open, as that of a grove does. */
function poolOn(test: TestContext, file: string, clock: Clock = systemClock): ReaderPool {
  const keeper = new Connection(file)
  const pool = new ReaderPool(new DatabaseFile(file), clock)
  test.after(async () => {
    await pool.close()
    keeper.close()
  })
  return pool
}

test('the thread answers as the connection itself does', async (context) => {
  const file = await filled(context)
  const pool = poolOn(context, file)
  const connection = new Connection(file)
  context.after(() => connection.close())
  const here = new LongReads(connection, UNWATCHED)

  for (const query of queries) assert.deepEqual(await pool.ask(query), here.answer(query))
})

test('every query ends when it is cancelled', async (context) => {
  const file = await filled(context)
  const cancelled = new Int32Array(new SharedArrayBuffer(4))
  const watch = new SharedWatch(cancelled)
  const connection = new Connection(file, { isReader: true, alive: () => watch.check() })
  context.after(() => connection.close())
  watch.begin(1)
  cancelled[0] = 1

  for (const query of queries)
    assert.throws(
      () => new LongReads(connection, watch).answer(query),
      withCode('aborted'),
      JSON.stringify(query),
    )
})

test('a caller who leaves gets the reason, and others are still answered', async (context) => {
  const pool = poolOn(context, await filled(context))
  const leaving = new AbortController()
  const [first, second] = queries as [LongQuery, LongQuery]

  const left = pool.ask(first, { signal: leaving.signal })
  const other = pool.ask(second)
  leaving.abort(new Error('gone'))

  await assert.rejects(left, /gone/)
  assert.ok(await other)
})

test('closing ends what waits, and later reads are refused', async (context) => {
  const pool = poolOn(context, await filled(context))

  const asked = queries.map((query) => pool.ask(query))
  const settled = Promise.allSettled(asked)
  await pool.close()

  assert.ok((await settled).some(({ status }) => status === 'rejected'))
  await assert.rejects(pool.ask(queries[0] as LongQuery), withCode('shutting-down'))
})

test('a database that was taken away is not read', async (context) => {
  const file = await filled(context)
  const opened = new DatabaseFile(`${file}-elsewhere`)
  const pool = new ReaderPool(opened, systemClock)
  context.after(() => pool.close())

  await assert.rejects(pool.ask(queries[0] as LongQuery), withCode('storage-failed'))
})

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
