import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapBounded } from '../../../src/concurrency/semaphore.ts'

test('mapBounded keeps to its bound, and keeps the order', async () => {
  let running = 0
  let most = 0
  const results = await mapBounded([5, 4, 3, 2, 1], 2, async (item) => {
    most = Math.max(most, ++running)
    await Promise.resolve()
    running--
    return item * 10
  })

  assert.deepEqual(results, [50, 40, 30, 20, 10])
  assert.equal(most, 2)
})

test('mapBounded starts no more items after the first failure', async () => {
  const begun: number[] = []

  const mapped = mapBounded([1, 2, 3, 4, 5, 6], 2, async (item) => {
    begun.push(item)
    await Promise.resolve()
    if (item === 2) throw new Error('no')
  })

  await assert.rejects(mapped, /no/)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(begun, [1, 2, 3])
})

test('mapBounded throws only after its running tasks have ended', async () => {
  const ended: string[] = []

  const mapped = mapBounded(['slow', 'failing'], 2, async (item) => {
    if (item === 'failing') throw new Error('no')
    await new Promise((resolve) => setImmediate(resolve))
    ended.push(item)
  })

  await assert.rejects(mapped, /no/)
  assert.deepEqual(ended, ['slow'])
})

test('mapBounded aborts its running tasks with the first failure', async () => {
  const reasons: unknown[] = []

  const mapped = mapBounded(['waiting', 'failing'], 2, async (item, signal) => {
    if (item === 'failing') throw new Error('no')
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    reasons.push(signal.reason)
    throw new Error('a later failure')
  })

  await assert.rejects(mapped, /^Error: no$/)
  assert.deepEqual(reasons, [new Error('no')])
})
