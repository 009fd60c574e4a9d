import { timestamp } from '../core/time.ts'
import type {
  ContributionEvent,
  GroveEvent,
  LiveEvent,
  LiveEventBody,
} from '../core/wire/events.ts'
import type { Clock } from '../ports/clock.ts'
import type { ContributionStore, LogEntry } from '../ports/contribution-store.ts'

/** Live events that are kept; a subscriber further behind than this has lost some. */
const EVENTS_KEPT_MAX = 1_000
/** Log entries per read. */
const LOG_PAGE_ENTRIES = 100

export interface HubPorts {
  readonly clock: Clock
  readonly log: Pick<ContributionStore, 'position' | 'seqAt' | 'since' | 'lastSeq'>
}

/** A stream of events. `return` ends it at once, even while a `next` is waiting. */
export interface EventSubscription extends AsyncIterableIterator<GroveEvent> {
  /** The id that it starts after. */
  start(): Promise<string>
  return(): Promise<IteratorResult<GroveEvent>>
}

/** Is called synchronously with every live event: for figures. */
type EventObserver = (event: LiveEventBody) => void

interface Subscriber {
  /** Number of the live event to read next. */
  next: number
  /** The hub's count of stored contributions when this subscriber last began to read the log. */
  stored: number
  /** The last log entry it read. */
  seq: number
  wake: () => void
  readonly leave: () => void
}

interface Kept {
  readonly event: LiveEvent
  /** The hub's count of stored contributions when it happened. */
  readonly stored: number
}

/** An entry of the log as an event. */
interface Logged {
  readonly seq: number
  readonly event: ContributionEvent
}

/** Where a subscription starts, or why that can't be read. */
type Opening = Start | { readonly failure: unknown }

interface Start {
  readonly seq: number
  /** The log doesn't have the id to resume from. */
  readonly isForeign: boolean
}

/**
 * Tells listeners what happens in a grove. Contributions come from the store's log: each comes
 * once, however slow the listener is and whichever writer stored it. To a listener that is behind,
 * one may come before live events that preceded it, but never after those that followed it. All
 * other events are live: the latest are kept, once for all listeners, and not at all if nobody
 * listens.
 */
export class EventHub {
  readonly #clock: Clock
  readonly #log: HubPorts['log']
  readonly #observers = new Set<EventObserver>()
  readonly #subscribers = new Set<Subscriber>()
  /** The latest live events, of which the first has number `#first`. */
  readonly #kept: Kept[] = []
  #first = 0
  /** Contributions stored since the hub was made. */
  #stored = 0
  /** The page of the log that was read last: subscribers at the same place share it. */
  #page: { readonly after: number; readonly events: Promise<readonly Logged[]> } | undefined

  constructor({ clock, log }: HubPorts) {
    this.#clock = clock
    this.#log = log
  }

  publish(body: LiveEventBody): void {
    for (const observe of this.#observers) observe(body)
    if (this.#subscribers.size === 0) return
    const event = { ...body, at: timestamp(this.#clock.now()) } as LiveEvent
    this.#kept.push({ event, stored: this.#stored })
    if (this.#kept.length > EVENTS_KEPT_MAX) {
      this.#kept.shift()
      this.#first++
    }
    this.#wakeAll()
  }

  /** To be called after a contribution was stored; subscribers then read the log. */
  stored(): void {
    this.#stored++
    this.#page = undefined
    this.#wakeAll()
  }

  /** Calls the observer with every live event, until the returned function is called. */
  observe(observer: EventObserver): () => void {
    this.#observers.add(observer)
    return () => this.#observers.delete(observer)
  }

  /**
   * Events from this call on, until the signal aborts or the listener leaves. With `after`, the
   * `id` of an event, the contributions stored since then come first; if the log doesn't have that
   * id, the first event is `reset`. If the listener is too slow for the live events, the last one
   * is `lagged`.
   */
  subscribe(
    signal: AbortSignal,
    { after }: { after?: string | undefined } = {},
  ): EventSubscription {
    const subscriber = this.#join(signal)
    const opened = this.#open(after)
    const events = this.#follow(subscriber, opened, after !== undefined)
    const subscription: EventSubscription = {
      start: async () => this.#idOf(startOf(await opened).seq),
      next: () => events.next(),
      async return() {
        subscriber.leave()
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]: () => subscription,
    }
    return subscription
  }

  #join(signal: AbortSignal): Subscriber {
    const leave = () => {
      signal.removeEventListener('abort', leave)
      this.#subscribers.delete(subscriber)
      if (this.#subscribers.size === 0) this.#forget()
      subscriber.wake()
    }
    const subscriber = { next: this.#end, stored: this.#stored, seq: 0, leave, wake() {} }
    this.#subscribers.add(subscriber)
    signal.addEventListener('abort', leave)
    if (signal.aborted) leave()
    return subscriber
  }

  #forget(): void {
    this.#first = this.#end
    this.#kept.length = 0
    this.#page = undefined
  }

  get #end(): number {
    return this.#first + this.#kept.length
  }

  /** Never rejects, since a subscriber may never look. */
  async #open(after: string | undefined): Promise<Opening> {
    try {
      const lastSeq = await this.#log.lastSeq()
      const seq = after === undefined ? lastSeq : this.#log.seqAt(after)
      const isForeign = seq === undefined || seq > lastSeq
      return { seq: isForeign ? lastSeq : seq, isForeign }
    } catch (failure) {
      return { failure }
    }
  }

  async *#follow(
    subscriber: Subscriber,
    opened: Promise<Opening>,
    isResumed: boolean,
  ): AsyncGenerator<GroveEvent> {
    try {
      const { seq, isForeign } = startOf(await opened)
      subscriber.seq = seq
      if (isForeign) yield { type: 'reset', at: this.#now(), id: this.#idOf(seq) }
      if (isResumed) yield* this.#logged(subscriber)
      yield* this.#live(subscriber)
    } finally {
      subscriber.leave()
    }
  }

  async *#live(subscriber: Subscriber): AsyncGenerator<GroveEvent> {
    while (this.#subscribers.has(subscriber)) {
      if (subscriber.next < this.#first) {
        yield this.#lagged(subscriber)
        return
      }
      const kept = this.#kept[subscriber.next - this.#first]
      if ((kept?.stored ?? this.#stored) > subscriber.stored) yield* this.#logged(subscriber)
      else if (kept === undefined) await this.#news(subscriber)
      else {
        subscriber.next++
        yield kept.event
      }
    }
  }

  /** The contributions after the last one that the subscriber read. */
  async *#logged(subscriber: Subscriber): AsyncGenerator<ContributionEvent> {
    subscriber.stored = this.#stored
    for (;;) {
      const events = await this.#pageAfter(subscriber.seq)
      for (const { seq, event } of events) {
        if (!this.#subscribers.has(subscriber)) return
        subscriber.seq = seq
        yield event
      }
      if (events.length < LOG_PAGE_ENTRIES) return
    }
  }

  #pageAfter(after: number): Promise<readonly Logged[]> {
    if (this.#page?.after !== after) this.#page = { after, events: this.#read(after) }
    return this.#page.events
  }

  async #read(after: number): Promise<readonly Logged[]> {
    try {
      const entries = await this.#log.since(after, LOG_PAGE_ENTRIES)
      return entries.map((entry) => ({
        seq: entry.seq,
        event: eventOf(entry, this.#idOf(entry.seq)),
      }))
    } catch (error) {
      this.#page = undefined
      throw error
    }
  }

  #lagged({ next, seq }: Subscriber): GroveEvent {
    return { type: 'lagged', at: this.#now(), id: this.#idOf(seq), dropped: this.#end - next }
  }

  #news(subscriber: Subscriber): Promise<void> {
    return new Promise((resolve) => {
      subscriber.wake = resolve
    })
  }

  #wakeAll(): void {
    for (const subscriber of this.#subscribers) subscriber.wake()
  }

  #idOf(seq: number): string {
    return this.#log.position(seq)
  }

  #now(): string {
    return timestamp(this.#clock.now())
  }
}

function startOf(opened: Opening): Start {
  if ('failure' in opened) throw opened.failure
  return opened
}

function eventOf({ stored }: LogEntry, id: string): ContributionEvent {
  const { cid, manifest, provenance } = stored
  const { origin, receivedAt, peerId, address } = provenance
  return {
    type: 'contribution',
    at: timestamp(receivedAt),
    id,
    cid,
    kind: manifest.kind,
    summary: manifest.summary,
    source: {
      ...(peerId !== undefined && { peerId }),
      ...(address !== undefined && { address }),
      local: origin === 'local',
    },
  }
}
