import type { GroveEvent } from '../../core/wire/events.ts'
import type { EventHub, EventSubscription } from '../../node/events.ts'
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

/** The least time between two writes to one listener. */
const WRITE_GAP_MS = 50
/** The same for each listener, so that writing to all takes a tenth of the time at most. */
const LISTENER_GAP_MS = 0.4
/** After so many live events the next write doesn't wait: the hub keeps only some. */
const WRITE_AFTER_EVENTS = 250

/**
 * Has the listeners of a server written to together: at once after a silence, then in steps. A
 * write costs the same however much it carries, and what is written together is encoded once.
 */
export class EventPace {
  readonly #clock: Clock
  readonly #hub: Pick<EventHub, 'observe'>
  #listeners = 0
  #events = 0
  #endObserving = () => {}
  #step: Promise<void> | undefined
  #endStep = () => {}

  constructor(clock: Clock, hub: Pick<EventHub, 'observe'>) {
    this.#clock = clock
    this.#hub = hub
  }

  /** Counts a listener. Call the result when it leaves. */
  join(): () => void {
    if (this.#listeners++ === 0) this.#endObserving = this.#hub.observe(() => this.#count())
    return () => {
      if (--this.#listeners === 0) this.#endObserving()
    }
  }

  /** Resolves with the next step, for all who wait for it. */
  step(): Promise<void> {
    this.#step ??= new Promise((resolve) => {
      const gapMs = Math.max(WRITE_GAP_MS, this.#listeners * LISTENER_GAP_MS)
      const cancel = this.#clock.after(gapMs, () => this.#endStep())
      this.#events = 0
      this.#endStep = () => {
        cancel()
        this.#step = undefined
        this.#endStep = () => {}
        resolve()
      }
    })
    return this.#step
  }

  #count(): void {
    this.#events++
    if (this.#events >= WRITE_AFTER_EVENTS) this.#endStep()
  }
}

interface EventStreamOptions {
  readonly clock: Clock
  readonly pace: EventPace
}

/** Events as a response that lasts as long as they come (HTML Standard §9.2). */
export async function eventStream(
  events: EventSubscription,
  options: EventStreamOptions,
): Promise<ApiResponse> {
  const start = await events.start()
  return { ...responseOf(200, headers, framed(start, events, options)), mayPause: true }
}

/** The response to HEAD. It subscribes to nothing, since no event will be read. */
export const eventStreamHead = () => responseOf(200, headers)

/** The first block is an id without an event: a listener that has seen none can resume too. */
async function* framed(
  start: string,
  events: EventSubscription,
  { clock, pace }: EventStreamOptions,
): AsyncGenerator<Uint8Array> {
  const leave = pace.join()
  try {
    yield Buffer.from(`retry: ${RETRY_MS}\nid: ${start}\n\n`)
    let next = events.nextBatch()
    for (;;) {
      const step = await within(next, HEARTBEAT_MS, clock)
      if (step === undefined) yield HEARTBEAT
      else if (step.done === true) return
      else {
        yield framesOf(step.value)
        await pace.step()
        next = events.nextBatch()
      }
    }
  } finally {
    leave()
    await events.return()
  }
}

const frames = new WeakMap<readonly GroveEvent[], Uint8Array>()

/** Events as bytes, encoded once for all listeners that share them. */
function framesOf(events: readonly GroveEvent[]): Uint8Array {
  const known = frames.get(events)
  if (known !== undefined) return known
  const bytes = Buffer.from(events.map(frameOf).join(''))
  frames.set(events, bytes)
  return bytes
}

function frameOf(event: GroveEvent): string {
  const id = 'id' in event ? `id: ${event.id}\n` : ''
  return `${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

/** What `promise` resolves to; undefined if it takes longer. */
function within<T>(promise: Promise<T>, delayMs: number, clock: Clock): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(delayMs, () => resolve(undefined))
    promise.finally(cancel).then(resolve, reject)
  })
}
