import type { GroveEvent } from '../../core/wire/events.ts'
import type { EventSubscription } from '../../node/events.ts'
import type { Clock } from '../../ports/clock.ts'
import { type ApiResponse, responseOf } from './response.ts'

/** A comment is sent after a silence of this length, so that the connection doesn't look dead. */
const HEARTBEAT_MS = 15_000
const HEARTBEAT = Buffer.from(': still here\n\n')
/** How long a browser waits before it reconnects. */
const RETRY_MS = 2_000

const headers = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

/** Events as a response that lasts as long as they come (HTML Standard §9.2). */
export async function eventStream(events: EventSubscription, clock: Clock): Promise<ApiResponse> {
  const start = await events.start()
  return { ...responseOf(200, headers, framed(start, events, clock)), mayPause: true }
}

/** The response to HEAD. It subscribes to nothing, since no event will be read. */
export const eventStreamHead = () => responseOf(200, headers)

/** The first block is an id without an event: a listener that has seen none can resume too. */
async function* framed(
  start: string,
  events: AsyncIterable<GroveEvent>,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  const iterator = events[Symbol.asyncIterator]()
  try {
    yield Buffer.from(`retry: ${RETRY_MS}\nid: ${start}\n\n`)
    let next = iterator.next()
    for (;;) {
      const step = await within(next, HEARTBEAT_MS, clock)
      if (step === undefined) yield HEARTBEAT
      else if (step.done === true) return
      else {
        yield frameOf(step.value)
        next = iterator.next()
      }
    }
  } finally {
    await iterator.return?.()
  }
}

const frames = new WeakMap<GroveEvent, Uint8Array>()

/** The event as bytes, encoded once for all listeners that share it. */
function frameOf(event: GroveEvent): Uint8Array {
  const known = frames.get(event)
  if (known !== undefined) return known
  const id = 'id' in event ? `id: ${event.id}\n` : ''
  const frame = Buffer.from(`${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  frames.set(event, frame)
  return frame
}

/** What `promise` resolves to; undefined if it takes longer. */
function within<T>(promise: Promise<T>, delayMs: number, clock: Clock): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(delayMs, () => resolve(undefined))
    promise.finally(cancel).then(resolve, reject)
  })
}
