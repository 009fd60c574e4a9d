import type { GroveEvent } from '../../core/wire/events.ts'
import type { Clock } from '../../ports/clock.ts'
import { type ApiResponse, responseOf } from './response.ts'

/** A comment line after a silence of this length keeps the connection from looking dead. */
const HEARTBEAT_MS = 15_000
const HEARTBEAT = Buffer.from(': still here\n\n')
const RETRY = Buffer.from('retry: 2000\n\n')

/** Events as a response, for as long as they come (HTML Standard §9.2, server-sent events). */
export function eventStream(events: AsyncIterable<GroveEvent>, clock: Clock): ApiResponse {
  const headers = {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  }
  return { ...responseOf(200, headers, framed(events, clock)), mayPause: true }
}

async function* framed(
  events: AsyncIterable<GroveEvent>,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  yield RETRY
  const iterator = events[Symbol.asyncIterator]()
  try {
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

function frameOf(event: GroveEvent): Uint8Array {
  return Buffer.from(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
}

/** What `promise` gives; undefined where it takes longer. */
function within<T>(promise: Promise<T>, delayMs: number, clock: Clock): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(delayMs, () => resolve(undefined))
    promise.finally(cancel).then(resolve, reject)
  })
}
