import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../../../src/runtime/clock.ts'
import { seeded, systemRandom } from '../../../src/runtime/random.ts'

test('equal seeds give equal numbers, and another seed gives others', () => {
  const numbers = (seed: number) => {
    const random = seeded(seed)
    return Array.from({ length: 100 }, () => random.next())
  }

  assert.deepEqual(numbers(7), numbers(7))
  assert.notDeepEqual(numbers(7), numbers(8))
  assert.equal(new Set(numbers(0)).size, 100)
})

test('random numbers fill [0, 1) evenly', () => {
  for (const random of [seeded(1), systemRandom]) {
    const buckets = new Array<number>(10).fill(0)
    for (let count = 0; count < 10_000; count++) {
      const bucket = Math.floor(random.next() * 10)
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
    }

    assert.equal(buckets.length, 10)
    for (const count of buckets) assert.ok(count > 800 && count < 1_200, String(buckets))
  }
})

test('a task runs after its delay, unless it is cancelled', async () => {
  const ran: string[] = []
  const calledOff = systemClock.after(1, () => ran.push('off'))
  systemClock.after(5, () => ran.push('on'))
  calledOff()

  await systemClock.sleep(30)

  assert.deepEqual(ran, ['on'])
})

test('a delay beyond the range of timers does not end at once', async () => {
  let fired = false
  const callOff = systemClock.after(2 ** 40, () => {
    fired = true
  })

  await systemClock.sleep(20)
  callOff()

  assert.equal(fired, false)
})

test("an aborted sleep throws its signal's reason", async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const asleep = systemClock.sleep(60_000, controller.signal)

  controller.abort(reason)

  await assert.rejects(asleep, (error) => error === reason)
  await assert.rejects(systemClock.sleep(60_000, controller.signal), (error) => error === reason)
})

test('a process waits for its sleeps, and not for tasks that are due later', async () => {
  const program = `
    import { systemClock } from './src/runtime/clock.ts'
    systemClock.after(60_000, () => {})
    await systemClock.sleep(50)
    console.log('slept')`
  const run = promisify(execFile)

  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: join(import.meta.dirname, '../../..'),
    timeout: 30_000,
  })

  assert.equal(stdout, 'slept\n')
})
