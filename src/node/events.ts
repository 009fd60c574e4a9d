import { timestamp } from '../core/time.ts'
import type { GroveEvent, GroveEventBody } from '../core/wire/events.ts'
import type { Clock } from '../ports/clock.ts'

/** Events that a subscriber may lag behind before the oldest are dropped. */
const BACKLOG_MAX = 1_000

interface Subscriber {
  readonly backlog: GroveEvent[]
  wake: () => void
}

/** What happens in a grove, to whoever listens. Nothing is kept for those who come later. */
export class EventHub {
  readonly #clock: Clock
  readonly #subscribers = new Set<Subscriber>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  publish(body: GroveEventBody): void {
    if (this.#subscribers.size === 0) return
    const event = { ...body, at: timestamp(this.#clock.now()) } as GroveEvent
    for (const subscriber of this.#subscribers) {
      if (subscriber.backlog.length >= BACKLOG_MAX) subscriber.backlog.shift()
      subscriber.backlog.push(event)
      subscriber.wake()
    }
  }

  /** Events from this call on, until the signal aborts or the listener leaves. */
  subscribe(signal: AbortSignal): AsyncIterable<GroveEvent> {
    const subscriber: Subscriber = { backlog: [], wake: () => {} }
    this.#subscribers.add(subscriber)
    const end = () => {
      signal.removeEventListener('abort', end)
      this.#subscribers.delete(subscriber)
      subscriber.wake()
    }
    signal.addEventListener('abort', end)
    return drain(subscriber, signal, end)
  }
}

async function* drain(
  subscriber: Subscriber,
  signal: AbortSignal,
  end: () => void,
): AsyncGenerator<GroveEvent> {
  try {
    while (!signal.aborted) {
      const next = subscriber.backlog.shift()
      if (next !== undefined) yield next
      else {
        await new Promise<void>((resolve) => {
          subscriber.wake = resolve
        })
      }
    }
  } finally {
    end()
  }
}
