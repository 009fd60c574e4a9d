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
/** Log entries that are told together, as far as they are read in `GATHER_MS`. */
const GATHERED_MAX = 1_000
const GATHER_MS = 4

export interface HubPorts {
  readonly clock: Clock
  readonly log: Pick<ContributionStore, 'position' | 'seqAt' | 'since' | 'lastSeq'>
}

/** A stream of events. `return` ends it at once, even while a `next` is waiting. */
export interface EventSubscription extends AsyncIterableIterator<GroveEvent> {
  /** The id that it starts after. */
  start(): Promise<string>
  /**
   * The next events that are there, at least one. Subscribers at the same place get the same array,
   * so that what is made of it can be shared. Use either this or `next`.
   */
  nextBatch(): Promise<IteratorResult<readonly GroveEvent[], undefined>>
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

/** Consecutive entries of the log as events. */
interface Logged {
  readonly events: readonly ContributionEvent[]
  /** The number of the last one. */
  readonly lastSeq: number
  /** Whether there may be more by now. */
  readonly goesOn: boolean
}

/** Consecutive live events, from number `from` up to `end`. */
interface LiveBatch {
  readonly from: number
  readonly end: number
  readonly events: readonly LiveEvent[]
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
  /** Those that wait for news: of the others, an event that is published asks nothing. */
  readonly #idle = new Set<Subscriber>()
  /** The latest live events, of which the first has number `#first`. */
  readonly #kept: Kept[] = []
  #first = 0
  /** Contributions stored since the hub was made. */
  #stored = 0
  /** The page of the log that was read last: subscribers at the same place share it. */
  #page: { readonly after: number; readonly logged: Promise<Logged> } | undefined
  /** The live events that were told last: subscribers at the same place share them, too. */
  #batch: LiveBatch | undefined

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
    const batches = this.#follow(subscriber, opened, after !== undefined)
    const next = this.#oneByOne(subscriber, batches)
    const subscription: EventSubscription = {
      start: async () => this.#idOf(startOf(await opened).seq),
      nextBatch: () => batches.next(),
      next,
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
    this.#batch = undefined
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

  /** The events of batches, one by one, until the subscriber leaves. */
  #oneByOne(
    subscriber: Subscriber,
    batches: AsyncIterator<readonly GroveEvent[], undefined>,
  ): () => Promise<IteratorResult<GroveEvent>> {
    let batch: readonly GroveEvent[] = []
    let at = 0
    return async () => {
      const event = batch[at++]
      const isHere = this.#subscribers.has(subscriber)
      if (event !== undefined && isHere) return { done: false, value: event }
      const next = await batches.next()
      batch = next.value ?? []
      at = 1
      const [value] = batch
      return value === undefined ? { done: true, value } : { done: false, value }
    }
  }

  async *#follow(
    subscriber: Subscriber,
    opened: Promise<Opening>,
    isResumed: boolean,
  ): AsyncGenerator<readonly GroveEvent[], undefined> {
    try {
      const { seq, isForeign } = startOf(await opened)
      subscriber.seq = seq
      if (isForeign) yield [{ type: 'reset', at: this.#now(), id: this.#idOf(seq) }]
      if (isResumed) yield* this.#logged(subscriber)
      yield* this.#live(subscriber)
    } finally {
      subscriber.leave()
    }
  }

  async *#live(subscriber: Subscriber): AsyncGenerator<readonly GroveEvent[]> {
    while (this.#subscribers.has(subscriber)) {
      if (subscriber.next < this.#first) {
        yield [this.#lagged(subscriber)]
        return
      }
      const kept = this.#kept[subscriber.next - this.#first]
      if ((kept?.stored ?? this.#stored) > subscriber.stored) yield* this.#logged(subscriber)
      else if (kept === undefined) await this.#news(subscriber)
      else {
        const { events, end } = this.#batchFor(subscriber)
        subscriber.next = end
        yield events
      }
    }
  }

  /** The live events from a subscriber's place on, up to one that contributions go before. */
  #batchFor({ next: from, stored }: Subscriber): LiveBatch {
    let end = from
    while ((this.#kept[end - this.#first]?.stored ?? Number.POSITIVE_INFINITY) <= stored) end++
    if (this.#batch?.from !== from || this.#batch.end !== end) {
      const kept = this.#kept.slice(from - this.#first, end - this.#first)
      this.#batch = { from, end, events: kept.map(({ event }) => event) }
    }
    return this.#batch
  }

  /** The contributions after the last one that the subscriber read. */
  async *#logged(subscriber: Subscriber): AsyncGenerator<readonly ContributionEvent[]> {
    subscriber.stored = this.#stored
    for (;;) {
      const { events, lastSeq, goesOn } = await this.#pageAfter(subscriber.seq)
      if (!this.#subscribers.has(subscriber)) return
      subscriber.seq = lastSeq
      if (events.length > 0) yield events
      if (!goesOn) return
    }
  }

  #pageAfter(after: number): Promise<Logged> {
    if (this.#page?.after !== after) this.#page = { after, logged: this.#read(after) }
    return this.#page.logged
  }

  async #read(after: number): Promise<Logged> {
    const events: ContributionEvent[] = []
    const begunAt = this.#clock.now()
    let lastSeq = after
    try {
      for (;;) {
        const entries = await this.#log.since(lastSeq, LOG_PAGE_ENTRIES)
        for (const entry of entries) events.push(eventOf(entry, this.#idOf(entry.seq)))
        lastSeq = entries.at(-1)?.seq ?? lastSeq
        const goesOn = entries.length > 0 && lastSeq < (await this.#log.lastSeq())
        const isEnough = events.length >= GATHERED_MAX || this.#clock.now() - begunAt >= GATHER_MS
        if (!goesOn || isEnough) return { events, lastSeq, goesOn }
      }
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
      subscriber.wake = () => {
        this.#idle.delete(subscriber)
        resolve()
      }
      this.#idle.add(subscriber)
    })
  }

  #wakeAll(): void {
    for (const subscriber of this.#idle) subscriber.wake()
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
