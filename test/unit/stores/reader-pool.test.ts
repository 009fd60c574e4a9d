import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { GroveError } from '../../../src/core/errors.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { Connection } from '../../../src/stores/sqlite/database/connection.ts'
import { DatabaseFile } from '../../../src/stores/sqlite/database/database-file.ts'
import { LongReads } from '../../../src/stores/sqlite/reader/long-reads.ts'
import { ReaderPool } from '../../../src/stores/sqlite/reader/pool.ts'
import type { LongQuery } from '../../../src/stores/sqlite/reader/query.ts'
import { SharedWatch, UNWATCHED } from '../../../src/stores/sqlite/reader/watch.ts'
import { Writer } from '../../../src/stores/sqlite/writer/writer.ts'
import { local, relation, sample } from '../../conformance/samples.ts'
import { withCode } from '../../support/errors.ts'
import { temporaryDirectory } from '../../support/folder.ts'
import { standingClock } from '../../support/standing-clock.ts'

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

test('every query ends in its middle, and leaves the connection as it was', async (context) => {
  const file = await filled(context)
  const seen = { checks: 0, most: Number.POSITIVE_INFINITY }
  const watch = {
    check() {
      if (++seen.checks > seen.most) throw new GroveError('aborted')
    },
  }
  const connection = new Connection(file, { isReader: true, alive: () => watch.check() })
  context.after(() => connection.close())

  for (const query of queries) {
    Object.assign(seen, { checks: 0, most: Number.POSITIVE_INFINITY })
    const whole = new LongReads(connection, watch).answer(query)
    const { checks } = seen
    for (const most of [1, Math.floor(checks / 2), checks - 1].filter((n) => n < checks)) {
      Object.assign(seen, { checks: 0, most })
      const broken = new LongReads(connection, watch)
      assert.throws(() => broken.answer(query), withCode('aborted'), JSON.stringify(query))
      seen.most = Number.POSITIVE_INFINITY
      assert.deepEqual(broken.answer(query), whole)
    }
  }
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

const [first, second] = queries as [LongQuery, LongQuery]

/** A clock of which the next so many delays have passed as soon as they begin; others never do. */
function leapingClock() {
  let leaps = 0
  let now = 0
  const clock: Clock = {
    now: () => now,
    after(delayMs, task) {
      if (leaps === 0) return () => {}
      leaps--
      now += delayMs
      task()
      return () => {}
    },
    sleep: () => Promise.resolve(),
  }
  const leap = (delays: number) => {
    leaps = delays
  }
  return { clock, leap }
}

test('a read that takes too long by itself is too large, and the next one is answered', async (context) => {
  const { clock, leap } = leapingClock()
  const pool = poolOn(context, await filled(context), clock)

  leap(16)
  await assert.rejects(pool.ask(first), withCode('too-large', 'takes longer than 4 s'))

  assert.ok(await pool.ask(first))
})

test('a read gives way to those of others, and is answered after them', async (context) => {
  const { clock, leap } = leapingClock()
  const pool = poolOn(context, await filled(context), clock)
  const order: string[] = []
  const ask = async (query: LongQuery, caller: string) => {
    const answer = await pool.ask(query, { caller })
    order.push(caller)
    return answer
  }

  const before = pool.ask(queries[3] as LongQuery)
  const asked = [ask(first, 'slow'), ask(second, 'other')]
  leap(1)

  for (const answer of [before, ...asked]) assert.ok(await answer)
  assert.deepEqual(order, ['other', 'slow'])
})

test('a read that has to give way twice ends with busy, and those that it gave way to are answered', async (context) => {
  const { clock, leap } = leapingClock()
  const pool = poolOn(context, await filled(context), clock)

  const before = pool.ask(queries[3] as LongQuery)
  const slow = assert.rejects(pool.ask(first, { caller: 'slow' }), withCode('busy'))
  // Gives way as well, so that both wait for each other.
  const other = pool.ask(second, { caller: 'other' })
  leap(3)

  assert.ok(await before)
  await slow
  assert.ok(await other)
})

test('a thread that dies fails its read alone: those that wait have another', async (context) => {
  const pool = poolOn(context, await filled(context))
  const started = once(process, 'worker')

  const died = assert.rejects(pool.ask(first), withCode('storage-failed'))
  const others = [first, second].map((query) => pool.ask(query))
  const [thread] = (await started) as [Worker]
  await thread.terminate()

  await died
  for (const other of others) assert.ok(await other)
})

/** The threads that are started from now on. */
function threadsOf(test: TestContext): readonly Worker[] {
  const threads: Worker[] = []
  const note = (thread: Worker) => void threads.push(thread)
  process.on('worker', note)
  test.after(() => process.off('worker', note))
  return threads
}

test('the thread ends when nobody has asked for a while, and the next read starts another', async (context) => {
  const { clock, move } = standingClock()
  const pool = poolOn(context, await filled(context), clock)
  const threads = threadsOf(context)

  await pool.ask(first)
  move(59_000)
  await pool.ask(first)
  move(59_000)
  await pool.ask(first)
  assert.equal(threads.length, 1)
  const ended = once(threads[0] as Worker, 'exit')
  move(60_000)
  const later = pool.ask(first)

  assert.deepEqual(await ended, [0])
  assert.ok(await later)
  assert.equal(threads.length, 2)
})

test('whatever was stored before a read is in its answer', async (context) => {
  const file = await filled(context)
  const pool = poolOn(context, file)
  const writer = new Writer(file)
  context.after(() => writer.close())
  const filter = { tags: ['later'] }

  for (let n = 1; n <= 50; n++) {
    const { cid, bytes } = sample({ summary: `later ${n}`, tags: ['later'] })
    writer.commit([{ type: 'put-contribution', cid, bytes, provenance: local() }])
    const listed = await pool.ask({ type: 'list', args: [filter, { limit: 1, offset: n - 1 }] })
    const found = await pool.ask({ type: 'search', args: [`later ${n}`, filter, 1] })

    assert.equal(listed.total, n)
    assert.deepEqual(found.ids, [101 + n])
  }
})
