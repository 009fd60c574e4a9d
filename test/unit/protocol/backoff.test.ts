import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backoff } from '../../../src/protocol/sync/backoff.ts'
import { cid, START } from './network.ts'

const never = () => false

test('a failed item backs off twice as long each time, up to an hour, until it is settled', () => {
  const backoff = new Backoff(never)
  const leftAloneMs = () => {
    for (let wait = 1_000; wait < 10 * 3_600_000; wait += 1_000)
      if (backoff.reasonToWait(cid(1), START + wait) === undefined) return wait
    return Number.POSITIVE_INFINITY
  }
  const waits: number[] = []

  for (let n = 0; n < 12; n += 1) {
    backoff.failed(cid(1), START, { retryable: true })
    if (n < 3 || n === 11) waits.push(leftAloneMs())
  }
  assert.deepEqual(waits, [5_000, 10_000, 20_000, 3_600_000])
  assert.equal(backoff.reasonToWait(cid(1), START), 'backing-off')
  backoff.settled(cid(1))

  assert.equal(backoff.reasonToWait(cid(1), START), undefined)
})

test('a clock that is set back does not lengthen the back-off', () => {
  const backoff = new Backoff(never)

  backoff.failed(cid(1), START, { retryable: true })

  assert.equal(backoff.reasonToWait(cid(1), START - 1), undefined)
})

test('a refusal holds until its expiry, and a permanent failure for a day', () => {
  const backoff = new Backoff(never)

  backoff.refuse(cid(1), 'blocked', START + 1_000)
  backoff.failed(cid(2), START, { retryable: false })

  assert.equal(backoff.reasonToWait(cid(1), START), 'blocked')
  assert.deepEqual(backoff.refusals(START), [
    { cid: cid(1), reason: 'blocked', until: START + 1_000 },
  ])
  assert.equal(backoff.reasonToWait(cid(1), START + 1_000), undefined)
  assert.deepEqual(backoff.refusals(START + 1_000), [])
  assert.equal(backoff.reasonToWait(cid(2), START + 86_399_999), 'backing-off')
  assert.equal(backoff.reasonToWait(cid(2), START + 86_400_000), undefined)
})

test('its memory is bounded', () => {
  const backoff = new Backoff(never)
  for (let n = 0; n < 10_000; n += 1) backoff.refuse(cid(n), 'blocked', START + 1_000)

  assert.equal(backoff.refusals(START).length, 4_096)
})

test('what could not be reached waits no longer than at first once its peer answers', () => {
  let answeredAt = START - 1
  const backoff = new Backoff((address, since) => address === 'http://a' && answeredAt > since)
  for (let n = 0; n < 12; n += 1)
    backoff.failed(cid(1), START, { retryable: true, unreached: ['http://b', 'http://a'] })
  backoff.failed(cid(2), START, { retryable: true, unreached: ['http://b'] })
  backoff.failed(cid(2), START, { retryable: true, unreached: ['http://b'] })
  const reasons = (waitMs: number) =>
    [1, 2].map((n) => backoff.reasonToWait(cid(n), START + waitMs))
  assert.deepEqual(reasons(9_999), ['backing-off', 'backing-off'])

  answeredAt = START + 1

  assert.deepEqual(reasons(4_999), ['backing-off', 'backing-off'])
  assert.deepEqual(reasons(5_000), [undefined, 'backing-off'])
})
