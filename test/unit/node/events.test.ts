import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import type { GroveEvent, GroveEventBody } from '../../../src/core/wire/events.ts'
import { EventHub } from '../../../src/node/events.ts'
import type { Clock } from '../../../src/ports/clock.ts'

const clock: Clock = { now: () => 0, after: () => () => {}, sleep: async () => {} }
const fault = (message: string): GroveEventBody => ({
  type: 'peer-fault',
  peerId: 'p',
  code: 'peer-fault',
  message,
})

async function take(events: AsyncIterable<GroveEvent>, count: number): Promise<GroveEvent[]> {
  const taken: GroveEvent[] = []
  for await (const event of events) {
    taken.push(event)
    if (taken.length === count) break
  }
  return taken
}

test('every subscriber gets what is published after it came, in order, stamped', async () => {
  const hub = new EventHub(clock)
  const { signal } = new AbortController()
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

test('who stops listening leaves nothing behind', async () => {
  const hub = new EventHub(clock)
  const { signal } = new AbortController()

  const taken = take(hub.subscribe(signal), 1)
  hub.publish(fault('one'))
  await taken

  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('a subscription ends with its signal, also while it waits', async () => {
  const hub = new EventHub(clock)
  const controller = new AbortController()

  const taken = take(hub.subscribe(controller.signal), 5)
  controller.abort()

  assert.deepEqual(await taken, [])
})

test('one who does not read keeps a bounded backlog: the newest', async () => {
  const hub = new EventHub(clock)
  const { signal } = new AbortController()

  const events = hub.subscribe(signal)
  for (let sent = 0; sent < 5_000; sent++) hub.publish(fault(String(sent)))
  const [oldest] = await take(events, 1)

  assert.equal(oldest?.type === 'peer-fault' && oldest.message, '4000')
})
