import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Precedence } from '../../../src/concurrency/shares/precedence.ts'
import { isGroveError } from '../../../src/core/errors.ts'
import { below } from '../../../src/core/random.ts'
import { seeded } from '../../../src/runtime/random.ts'
import {
  OWN,
  type Taken,
  type WriteTurn,
  WriteTurns,
} from '../../../src/stores/sqlite/writer/write-turns.ts'

interface Job {
  readonly asker: string
  readonly number: number
  readonly ms: number
}

/** What the thread does: works until the time of a batch is over, and commits for nothing. */
function written({ taken, maxMs }: WriteTurn<Job>) {
  const done: Taken<Job>[] = []
  let allMs = 0
  for (const one of taken) {
    if (done.length > 0 && allMs >= maxMs) break
    done.push(one)
    allMs += one.job.ms
  }
  return { done, left: taken.slice(done.length), allMs }
}

/** A queue, a clock that goes on as the thread works, and what was written so far. */
function bench() {
  let now = 0
  const precedence = new Precedence(() => now)
  precedence.prefer(['own'])
  const turns = new WriteTurns<Job>(() => now, precedence)
  const order: Job[] = []
  const batch = () => {
    const { done, left, allMs } = written(turns.take())
    now += allMs
    turns.settle(
      done,
      done.map(({ job }) => job.ms),
      allMs,
    )
    turns.putBack(left)
    for (const { job } of done) order.push(job)
    return { ms: allMs, jobs: done.map(({ job }) => job) }
  }
  const counts = new Map<string, number>()
  const add = (asker: string, ms: number) => {
    const number = counts.get(asker) ?? 0
    counts.set(asker, number + 1)
    turns.add(asker, { asker, number, ms }, 1)
  }
  return { turns, order, batch, add, wait: (ms: number) => (now += ms) }
}

test('askers who all have work get the same time of the thread, whatever their jobs take', () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = seeded(seed)
    const { add, batch } = bench()
    const costs = Array.from({ length: 2 + below(random, 4) }, () => 0.1 + 8 * random.next() ** 3)
    const jobMs = (asker: number) => (costs[asker] ?? 1) * (0.5 + random.next())
    for (let n = 0; n < 200; n++) for (const asker of costs.keys()) add(`${asker}`, jobMs(asker))
    const had = costs.map(() => 0)

    for (let n = 0; n < 200; n++) {
      const { jobs } = batch()
      for (const { asker, ms } of jobs) {
        had[Number(asker)] = (had[Number(asker)] ?? 0) + ms
        add(asker, jobMs(Number(asker)))
      }
    }

    // Each is within a batch of the others: its time, and the job that it ends with.
    const longest = 1.5 * Math.max(...costs)
    assert.ok(Math.max(...had) - Math.min(...had) <= 2 * (8 + longest), `seed ${seed}: ${had}`)
  }
})

test('over any arrivals nothing is lost or doubled, and each asker has its order', () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = seeded(seed)
    const { turns, order, add, batch, wait } = bench()
    let added = 0
    for (let step = 0; step < 300; step++) {
      for (let n = below(random, 5); n > 0; n--, added++)
        add(`${below(random, 4)}`, 10 * random.next() ** 4)
      if (below(random, 10) === 0) wait(400)
      const waiting = turns.size
      const isDue = turns.dueAt === 0
      const { jobs } = batch()
      assert.equal(jobs.length > 0, isDue)
      assert.equal(turns.size, waiting - jobs.length)
    }
    turns.hurry()
    while (turns.size > 0) batch()

    assert.equal(order.length, added)
    for (const asker of ['0', '1', '2', '3']) {
      const numbers = order.filter((job) => job.asker === asker).map(({ number }) => number)
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => index),
      )
    }
  }
})

test('beside others a batch is short, and who comes with little is in the next one', () => {
  const { add, batch } = bench()
  for (let n = 0; n < 100; n++) add('heavy', 3)
  add('light', 0.1)
  batch()
  for (let n = 0; n < 20; n++) {
    add('light', 0.1)

    const { ms, jobs } = batch()

    assert.equal(jobs[0]?.asker, 'light')
    assert.ok(ms < 8 + 3, `${ms} ms`)
  }
})

test('who writes long jobs rests while nothing waits beside them, if somebody lighter is active', () => {
  const { turns, add, batch, wait } = bench()
  for (let n = 0; n < 10; n++) add('heavy', 10)
  batch()
  add('light', 0.1)
  batch()

  assert.deepEqual(batch().jobs, [])
  assert.ok(turns.dueAt > 0 && Number.isFinite(turns.dueAt))
  wait(30)
  assert.equal(batch().jobs[0]?.asker, 'heavy')
  assert.deepEqual(batch().jobs, [])
  turns.hurry()
  assert.equal(batch().jobs[0]?.asker, 'heavy')
})

test('who writes long jobs alone, or beside equals, never rests', () => {
  const alone = bench()
  for (let n = 0; n < 50; n++) alone.add('alone', 10)
  while (alone.turns.size > 0) assert.ok(alone.batch().jobs.length > 0)
  const { turns, add, batch } = bench()
  for (const asker of ['a', 'b']) for (let n = 0; n < 50; n++) add(asker, 10)

  while (turns.size > 0) assert.ok(batch().jobs.length > 0)
})

test('who has the thread alone fills whole batches, also after another has stopped', () => {
  const { add, batch, wait } = bench()
  add('other', 0.1)
  batch()
  wait(1_000)
  for (let n = 0; n < 100; n++) add('alone', 0.1)

  assert.equal(batch().jobs.length, 100)
})

test("the grove's own small writes don't make the batches of others short", () => {
  const { turns, add } = bench()
  add(OWN, 0.1)
  for (let n = 0; n < 100; n++) add('alone', 0.1)

  const { taken, isShared } = turns.take()

  assert.equal(taken.length, 101)
  assert.equal(isShared, false)
})

test('an asker with too many bytes waiting is told to come later, others and the grove are not', () => {
  const turns = new WriteTurns<string>(() => 0)
  const mebibyte = 1024 * 1024
  for (let n = 0; n < 32; n++) turns.add('many', 'job', mebibyte)

  assert.throws(
    () => turns.add('many', 'job', 1),
    (error) => isGroveError(error, 'busy'),
  )
  turns.add('other', 'job', 64 * mebibyte)
  for (let n = 0; n < 64; n++) turns.add(OWN, 'job', mebibyte)
  turns.take()
  while (turns.size > 0) turns.take()
  turns.add('many', 'job', mebibyte)
  assert.equal(turns.size, 1)
})

test('while this machine writes, others have a fifth of the time', () => {
  const { order, add, batch, wait } = bench()
  for (let n = 0; n < 400; n++) add('own', 1)
  for (let n = 0; n < 400; n++) add('stranger', 1)

  while (order.filter(({ asker }) => asker === 'own').length < 400) if (batch().ms === 0) wait(1)

  const strangers = order.filter(({ asker }) => asker === 'stranger').length
  assert.ok(strangers >= 60 && strangers <= 140, `${strangers} of strangers beside 400`)
})

const FIVE_SECONDS_MS = 5_000
/** One who publishes on this machine: what a job takes, and how soon after it the next one comes. */
const JOB_MS = 0.35
const PAUSE_MS = 0.9

/** How often one is written in five seconds, beside a stranger of whom eight jobs always wait. */
function writtenBeside(strangersMs: number): number {
  const { order, add, batch, wait } = bench()
  for (let n = 0; n < 8; n++) add('stranger', strangersMs)
  let count = 0
  let dueMs = 1_000
  for (let nowMs = 0; nowMs < FIVE_SECONDS_MS; ) {
    if (nowMs >= dueMs) {
      add('own', JOB_MS)
      dueMs = Number.POSITIVE_INFINITY
    }
    const { ms, jobs } = batch()
    if (ms === 0) wait(0.1)
    nowMs += ms || 0.1
    for (const { asker } of jobs) {
      if (asker === 'stranger') add('stranger', strangersMs)
      else {
        count++
        dueMs = nowMs + PAUSE_MS
      }
    }
    order.length = 0
  }
  return count
}

for (const ms of [1, 2, 3, 6, 20])
  test(`who publishes here one by one keeps its pace beside a flood of works of ${ms} ms`, () => {
    const alone = (FIVE_SECONDS_MS - 1_000) / (JOB_MS + PAUSE_MS)

    const ratio = writtenBeside(ms) / alone

    assert.ok(ratio >= 0.7, `${ratio} of its pace`)
  })
