import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Room, type Slot, Slots, type Urgency } from '../../../src/concurrency/slots.ts'
import { seeded } from '../../../src/runtime/random.ts'
import { standingClock } from '../../support/standing-clock.ts'

const room: Room = { all: 16, unasked: 12, bulk: 8, perHost: 4, askedPerHost: 2 }
const never = new AbortController().signal

/** Slots on a clock that the test moves, and who has a slot in them. */
function someSlots() {
  const { clock, move } = standingClock()
  const slots = new Slots(room, clock)
  const held = new Map<string, Slot>()
  const displaced: string[] = []
  /** The name begins with its host, as in `host/1`. */
  const enter = (name: string, urgency: Urgency | (() => Urgency), signal = never) => {
    const [host = ''] = name.split('/')
    const displace = () => {
      displaced.push(name)
      held.get(name)?.leave()
      held.delete(name)
    }
    const urgencyNow = typeof urgency === 'string' ? () => urgency : urgency
    return slots.enter({ host, urgency: urgencyNow, displace }, signal).then((slot) => {
      held.set(name, slot)
    })
  }
  const fill = async (host: string, count: number, urgency: Urgency) => {
    for (let index = 1; index <= count; index++) void enter(`${host}/${index}`, urgency)
    await turn()
  }
  /** So long passes, a second at a time, while each host sends at its rate. */
  const pass = async (seconds: number, rateOf: (host: string) => number) => {
    for (let second = 0; second < seconds; second++) {
      move(1_000)
      await turn()
      for (const [name, slot] of held) {
        const rate = rateOf(name.split('/')[0] ?? '')
        if (rate === 0) continue
        slot.moved(rate)
        slot.asks()
      }
    }
  }
  return { slots, held, displaced, enter, fill, pass }
}

test('a host has four slots, and two more for what somebody asked for', async () => {
  const { held, fill, enter } = someSlots()

  await fill('slow', 10, 'bulk')
  assert.equal(held.size, 4)

  for (const name of ['slow/a', 'slow/b', 'slow/c']) void enter(name, 'asked')
  await turn()
  assert.deepEqual([...held.keys()].slice(4), ['slow/a', 'slow/b'])
})

test('bulk leaves room for small things, and both for what was asked for', async () => {
  const { held, fill } = someSlots()

  for (const host of ['a', 'b', 'c', 'd', 'e', 'f']) await fill(host, 4, 'bulk')
  assert.equal(held.size, 8)

  for (const host of ['g', 'h', 'i', 'j', 'k', 'l']) await fill(host, 4, 'small')
  assert.equal(held.size, 12)

  for (const host of ['m', 'n']) await fill(host, 4, 'asked')
  assert.equal(held.size, 16)
})

test('hosts take turns, and every kind of urgency has one', async () => {
  const { held, fill, enter } = someSlots()
  for (const host of ['a', 'b', 'c', 'd']) await fill(host, 4, 'asked')
  for (const host of ['a', 'b']) for (const n of [5, 6]) void enter(`${host}/${n}`, 'asked')
  void enter('e/1', 'bulk')
  await turn()

  const order: string[] = []
  for (const name of ['a/1', 'a/2', 'a/3']) {
    const before = new Set(held.keys())
    held.get(name)?.leave()
    held.delete(name)
    await turn()
    order.push(...[...held.keys()].filter((now) => !before.has(now)))
  }

  assert.deepEqual(order, ['e/1', 'a/5', 'a/6'])
})

test('who trickles loses its slot when somebody waits, and only then', async () => {
  const { held, displaced, fill, enter, pass } = someSlots()
  for (const host of ['a', 'b']) await fill(host, 4, 'bulk')

  await pass(30, () => 5_000)
  assert.deepEqual(displaced, [])

  void enter('honest/1', 'bulk')
  await pass(2, (host) => (host === 'honest' ? 1_000_000 : 5_000))
  assert.equal(displaced.length, 1)
  assert.ok(held.has('honest/1'))
})

test('what is sent fast enough is never displaced, nor is anybody in the first seconds', async () => {
  const { displaced, fill, enter, pass } = someSlots()
  for (const host of ['a', 'b']) await fill(host, 4, 'bulk')
  void enter('c/1', 'bulk')

  await pass(3, () => 0)
  assert.deepEqual(displaced, [])

  await pass(300, () => 400_000)
  assert.deepEqual(displaced, [])
})

test('a host takes no slot from one that has fewer', async () => {
  const { displaced, fill, pass } = someSlots()
  await fill('few', 1, 'bulk')
  await fill('many', 30, 'bulk')
  for (const host of ['c', 'd', 'e']) await fill(host, 1, 'bulk')

  await pass(60, (host) => (host === 'few' ? 5_000 : 1_000_000))

  assert.deepEqual(displaced, [])
})

test('what becomes asked for goes before what nobody asked for, and takes its slot', async () => {
  const { held, displaced, slots, fill, enter, pass } = someSlots()
  for (const host of ['a', 'b', 'c']) await fill(host, 4, 'small')
  let urgency: Urgency = 'small'
  void enter('d/1', () => urgency)
  await turn()
  assert.ok(!held.has('d/1'))

  urgency = 'asked'
  slots.changed()
  await turn()
  assert.ok(held.has('d/1'))

  await fill('e', 3, 'asked')
  void enter('f/1', 'asked')
  await pass(8, () => 1_000)
  assert.ok(held.has('f/1'))
  assert.ok(
    displaced.every((name) => /^[abc]/.test(name)),
    displaced.join(),
  )
})

test('who leaves the queue gets no slot', async () => {
  const { held, fill, enter } = someSlots()
  await fill('a', 4, 'bulk')
  const patience = new AbortController()
  const waits = assert.rejects(enter('a/5', 'bulk', patience.signal), { name: 'AbortError' })

  patience.abort()
  await waits
  held.get('a/1')?.leave()
  await turn()

  assert.ok(!held.has('a/5'))
})

test('whatever comes, bounds hold and everybody gets a turn', async () => {
  const random = seeded(7)
  const { held, enter, pass } = someSlots()
  const urgencies = ['asked', 'small', 'bulk'] as const
  const wanted = new Map<string, Urgency>()
  for (let index = 0; index < 400; index++) {
    const name = `${'abcdefgh'[Math.floor(random.next() ** 2 * 8)]}/${index}`
    const urgency = urgencies[Math.floor(random.next() * 3)] ?? 'bulk'
    wanted.set(name, urgency)
    void enter(name, urgency)
  }
  const served = new Set<string>()

  for (let second = 0; second < 2_000 && served.size < 400; second++) {
    await pass(1, (host) => (host === 'a' ? 3_000 : 200_000))
    const count = (matches: (name: string) => boolean) => [...held.keys()].filter(matches).length
    assert.ok(held.size <= 16)
    assert.ok(count((name) => wanted.get(name) === 'bulk') <= 8)
    assert.ok(count((name) => wanted.get(name) !== 'asked') <= 12)
    for (const host of 'abcdefgh') assert.ok(count((name) => name.startsWith(host)) <= 6)
    for (const [name, slot] of held) {
      served.add(name)
      if (random.next() < (name.startsWith('a/') ? 0.99 : 0.7)) continue
      slot.leave()
      held.delete(name)
    }
  }

  assert.equal(served.size, 400)
})
