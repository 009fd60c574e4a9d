import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import type { GroveEvent, LiveEventBody } from '../../../src/core/wire/events.ts'
import { EventHub } from '../../../src/node/events.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { seeded } from '../../../src/runtime/random.ts'
import { MemoryGraph } from '../../../src/stores/memory/graph.ts'
import { work } from '../../support/peer.ts'

const clock: Clock = { now: () => 0, after: () => () => {}, sleep: async () => {} }
const { signal } = new AbortController()
const fault = (message: string): LiveEventBody => ({
  type: 'peer-fault',
  peerId: 'p',
  code: 'peer-fault',
  message,
})

/** A hub with its own log. */
function newHub() {
  const log = new MemoryGraph(seeded(1))
  const hub = new EventHub({ clock, log })
  const store = async (...summaries: string[]) => {
    for (const summary of summaries) {
      await log.put(work(summary), { origin: 'local', receivedAt: 0 })
      hub.stored()
    }
  }
  return { hub, log, store, id: (seq: number) => log.position(seq) }
}

async function take(events: AsyncIterable<GroveEvent>, count: number): Promise<GroveEvent[]> {
  const taken: GroveEvent[] = []
  for await (const event of events) {
    taken.push(event)
    if (taken.length === count) break
  }
  return taken
}

/** An event as short text. */
function textOf(event: GroveEvent): string {
  if (event.type === 'contribution') return `${event.id.split(':')[1]} ${event.summary}`
  if (event.type === 'peer-fault') return event.message
  return event.type
}

test('every subscriber gets the events after its start, in order', async () => {
  const { hub } = newHub()
  hub.publish(fault('before'))

  const first = take(hub.subscribe(signal), 2)
  const second = take(hub.subscribe(signal), 2)
  hub.publish(fault('one'))
  hub.publish(fault('two'))

  const expected = ['one', 'two'].map((message) => ({
    ...fault(message),
    at: '1970-01-01T00:00:00.000Z',
  }))
  assert.deepEqual(await first, expected)
  assert.deepEqual(await second, expected)
})

test('contributions come in the order of the log, before later live events', async () => {
  const { hub, store, id } = newHub()
  await store('before')

  const subscription = hub.subscribe(signal)
  await store('a')
  hub.publish(fault('one'))
  await store('b', 'c')
  hub.publish(fault('two'))
  const events = await take(subscription, 5)

  assert.equal(await subscription.start(), id(1))
  assert.deepEqual(events.map(textOf), ['2 a', '3 b', '4 c', 'one', 'two'])
  assert.deepEqual(events[0], {
    type: 'contribution',
    at: '1970-01-01T00:00:00.000Z',
    id: id(2),
    cid: work('a').cid,
    kind: 'work',
    summary: 'a',
    source: { local: true },
  })
})

test('the contribution of a second writer comes along with the next announced one', async () => {
  const { hub, log, store } = newHub()

  const events = take(hub.subscribe(signal), 2)
  await log.put(work('of another'), { origin: 'local', receivedAt: 0 })
  await store('own')

  assert.deepEqual((await events).map(textOf), ['1 of another', '2 own'])
})

test('a resumed stream begins with what was stored since, and then goes on', async () => {
  const { hub, store, id } = newHub()
  const summaries = Array.from({ length: 250 }, (_, n) => `work ${n}`)
  await store(...summaries)

  const resumed = take(hub.subscribe(signal, { after: id(10) }), 242)
  hub.publish(fault('live'))
  await store('new')

  const expected = summaries.map((summary, n) => `${n + 1} ${summary}`).slice(10)
  assert.deepEqual((await resumed).map(textOf), [...expected, '251 new', 'live'])
})

test('each contribution comes once, however a resumed stream and writers interleave', async () => {
  const { hub, log, id } = newHub()
  const write = async (writer: number) => {
    for (let n = 0; n < 100; n++) {
      await log.put(work(`${writer} ${n}`), { origin: 'local', receivedAt: 0 })
      await Promise.resolve()
      hub.stored()
    }
  }
  const read = async () => {
    const seqs: number[] = []
    while (seqs.length < 400) {
      const after = id(seqs.at(-1) ?? 0)
      for (const event of await take(hub.subscribe(signal, { after }), 7))
        seqs.push(Number(textOf(event).split(' ')[0]))
      if (seqs.length > 393) break
    }
    return seqs
  }

  const [seqs] = await Promise.all([read(), ...[0, 1, 2, 3].map(write)])

  assert.deepEqual(
    seqs,
    Array.from({ length: seqs.length }, (_, n) => n + 1),
  )
})

for (const [what, after] of [
  ['another log', `${'0'.repeat(16)}:1`],
  ['beyond the end of the log', undefined],
] as const)
  test(`an id of ${what} is answered with a reset, and the events from then on`, async () => {
    const { hub, store, id } = newHub()
    await store('before')

    const events = take(hub.subscribe(signal, { after: after ?? id(2) }), 2)
    await store('after')

    const [reset, next] = await events
    assert.deepEqual(reset, { type: 'reset', at: '1970-01-01T00:00:00.000Z', id: id(1) })
    assert.equal(next && textOf(next), '2 after')
  })

test('a slow subscriber learns what it lost and where to resume', async () => {
  const { hub, store, id } = newHub()

  const events = hub.subscribe(signal)
  await store('seen')
  const [seen] = await take({ [Symbol.asyncIterator]: () => ({ next: () => events.next() }) }, 1)
  await store('unseen')
  for (let sent = 0; sent < 5_000; sent++) hub.publish(fault(String(sent)))
  const [unseen, lagged, end] = [await events.next(), await events.next(), await events.next()]

  assert.deepEqual([seen && textOf(seen), unseen.done], ['1 seen', false])
  assert.deepEqual(unseen.value, {
    type: 'lagged',
    at: '1970-01-01T00:00:00.000Z',
    id: id(1),
    dropped: 5_000,
  })
  assert.equal(lagged.done, true)
  assert.equal(end.done, true)
})

test('a subscriber that reads contributions slowly loses none', async () => {
  const { hub, store } = newHub()
  const summaries = Array.from({ length: 3_000 }, (_, n) => `work ${n}`)

  const events = hub.subscribe(signal)
  await store(...summaries)

  assert.deepEqual(
    (await take(events, 3_000)).map(textOf),
    summaries.map((summary, n) => `${n + 1} ${summary}`),
  )
})

test('subscribers at the same position share one reading of the log, and one event', async () => {
  const { hub, log, store } = newHub()
  let reads = 0
  const since = log.since.bind(log)
  log.since = (seq, limit) => {
    reads++
    return since(seq, limit)
  }

  const first = take(hub.subscribe(signal), 1)
  const second = take(hub.subscribe(signal), 1)
  await store('a')

  assert.equal((await first)[0], (await second)[0])
  assert.equal(reads, 1)
})

test('without subscribers the log is not read', async () => {
  const { hub, log, store } = newHub()
  log.since = () => Promise.reject(new Error('read'))
  log.lastSeq = () => Promise.reject(new Error('read'))

  await store('a')
  hub.publish(fault('one'))
})

test('observers get every live event, even without subscribers', () => {
  const { hub } = newHub()
  const seen: string[] = []
  const end = hub.observe((event) => void seen.push(event.type))

  hub.publish(fault('one'))
  end()
  hub.publish(fault('two'))

  assert.deepEqual(seen, ['peer-fault'])
})

test('a log that cannot be read ends the stream with its error', async () => {
  const { hub, log, store } = newHub()
  const events = take(hub.subscribe(signal), 1)
  log.since = () => Promise.reject(new Error('disk'))

  await store('a')

  await assert.rejects(events, /disk/)
})

test('a subscriber that stops leaves nothing behind', async () => {
  const { hub } = newHub()
  const { signal } = new AbortController()

  const taken = take(hub.subscribe(signal), 1)
  hub.publish(fault('one'))
  await taken

  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('a subscription ends when it is aborted or returned, even while it waits', async () => {
  const { hub } = newHub()
  const controller = new AbortController()
  const returned = hub.subscribe(signal)

  const taken = take(hub.subscribe(controller.signal), 5)
  const waiting = returned.next()
  controller.abort()
  await returned.return()

  assert.deepEqual(await taken, [])
  assert.equal((await waiting).done, true)
})
