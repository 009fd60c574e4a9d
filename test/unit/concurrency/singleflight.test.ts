import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Semaphore } from '../../../src/concurrency/semaphore.ts'
import { Singleflight } from '../../../src/concurrency/singleflight.ts'

test('callers with the same key share one run', async () => {
  const flights = new Singleflight<number>()
  let runs = 0
  const task = async () => ++runs

  assert.deepEqual(
    await Promise.all([flights.run('a', task), flights.run('a', task), flights.run('b', task)]),
    [1, 1, 2],
  )
})

test('the next caller after a run starts another', async () => {
  const flights = new Singleflight<number>()
  let runs = 0

  await flights.run('a', async () => ++runs)

  assert.equal(await flights.run('a', async () => ++runs), 2)
})

test('a run that is left behind goes on for its callers, and the next one starts another', async () => {
  const flights = new Singleflight<number>()
  const { promise, resolve } = Promise.withResolvers<number>()
  const first = flights.run('a', () => promise)

  flights.leaveBehind('a')
  const second = await flights.run('a', async () => 2)
  resolve(1)

  assert.deepEqual([await first, second], [1, 2])
})

test("one caller's abort does not end the run for the others", async () => {
  const flights = new Singleflight<string>()
  const { promise, resolve } = Promise.withResolvers<string>()
  const leaver = new AbortController()
  const left = flights.run('a', () => promise, leaver.signal)
  const stayed = flights.run('a', () => promise)

  leaver.abort(new Error('left'))
  await assert.rejects(left, /left/)
  resolve('done')

  assert.equal(await stayed, 'done')
})

test('a run is aborted when its last caller leaves', async () => {
  const flights = new Singleflight<string>()
  const leaver = new AbortController()
  let seen: AbortSignal | undefined
  const task = (signal: AbortSignal) => {
    seen = signal
    return new Promise<string>(() => {})
  }
  const left = flights.run('a', task, leaver.signal)

  leaver.abort(new Error('left'))
  await assert.rejects(left, /left/)

  assert.equal(seen?.aborted, true)
  assert.equal(await flights.run('a', async () => 'fresh'), 'fresh')
})

test('a failure reaches all waiting callers', async () => {
  const flights = new Singleflight<string>()
  const task = () => Promise.reject(new Error('no'))

  const outcomes = await Promise.allSettled([flights.run('a', task), flights.run('a', task)])

  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
})

test('a semaphore admits as many as it has places, in order of arrival', async () => {
  const semaphore = new Semaphore(1)
  const order: number[] = []
  const leave = await semaphore.enter()
  const waiting = [1, 2].map(async (name) => {
    const leaveAgain = await semaphore.enter()
    order.push(name)
    leaveAgain()
  })

  assert.deepEqual(order, [])
  leave()
  await Promise.all(waiting)

  assert.deepEqual(order, [1, 2])
})

test('a caller that stops waiting for a place takes none', async () => {
  const semaphore = new Semaphore(1)
  const leave = await semaphore.enter()
  const controller = new AbortController()
  const waiting = semaphore.enter(controller.signal)

  controller.abort(new Error('gave up'))
  await assert.rejects(waiting, /gave up/)
  leave()

  assert.equal(typeof (await semaphore.enter()), 'function')
})

test('a held outcome is shared with all callers until it is released', async () => {
  const flights = new Singleflight<number>()
  const { signal } = new AbortController()
  let runs = 0
  const task = async () => ++runs

  const first = await flights.hold('a', task, signal)
  const second = await flights.hold('a', task, signal)
  first.release()
  const third = await flights.hold('a', task, signal)
  second.release()
  third.release()
  const fourth = await flights.hold('a', task, signal)

  assert.deepEqual(
    [first, second, third, fourth].map(({ outcome }) => outcome),
    [1, 1, 1, 2],
  )
})

test('a failed run is not held', async () => {
  const flights = new Singleflight<number>()
  const { signal } = new AbortController()

  await assert.rejects(
    flights.hold('a', () => Promise.reject(new Error('no')), signal),
    /no/,
  )

  assert.equal(flights.has('a'), false)
})
