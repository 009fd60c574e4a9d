import { FairShares } from '../../concurrency/fair-shares.ts'
import { GroveError } from '../../core/errors.ts'
import type { NextTurn } from '../../ports/stores.ts'

/** Requests are begun for this long; then the event loop reads and writes before more of them. */
const SLICE_MS = 4
/** Requests begun in one pass of the event loop while others wait. */
const BATCH_MAX = 16
/** Requests of one host that wait, and of all; beyond them, a caller is told to come later. */
const HOST_WAITING_MAX = 512
const WAITING_MAX = 8_192
/** Long bodies that need no turns: together they take less than a slice in one pass. */
const FEW_BODIES = 8
/** What a turn is charged at least, in ms, since clocks tell no less than one. */
const TURN_MIN_MS = 0.05

/**
 * `vital` is what others need to see that the grove lives. It gets every second turn. `bulk` is the
 * next bytes of a long body, whose request has begun before.
 */
export type Lane = 'vital' | 'ordinary' | 'bulk'

/** A request that asks for its turn. */
interface Comer {
  /** Whom its time is charged to. */
  readonly host: string
  readonly lane: Lane
  /** Aborts when the caller leaves. */
  readonly signal: AbortSignal
}

interface Waiting {
  readonly signal: AbortSignal
  readonly begin: () => void
  readonly fail: (reason: unknown) => void
}

interface TurnsOptions {
  /** Unix ms. */
  readonly now: () => number
  readonly nextTurn: NextTurn
  /** Whether a host's requests may begin, of the lane `ordinary`. */
  readonly mayBegin?: (host: string) => boolean
}

/**
 * Has hosts take turns on the one thread that answers. While nobody waits, a request begins at
 * once. Otherwise the host that has had the least time goes first, where a request takes the time
 * until it first waits for something. A request whose caller has left is never begun.
 */
export class Turns {
  readonly #now: () => number
  readonly #nextTurn: NextTurn
  readonly #mayBegin: (host: string) => boolean
  readonly #lanes: Record<Lane, Map<string, Waiting[]>> = {
    vital: new Map(),
    ordinary: new Map(),
    bulk: new Map(),
  }
  #waiting = 0
  /** Long bodies under way. */
  #bodies = 0
  readonly #shares = new FairShares()
  #running: { readonly host: string; readonly since: number } | undefined
  /** When the present slice began; undefined if the event loop has gone round since. */
  #sliceAt: number | undefined
  /** Steps that are still to come in this pass of the event loop. */
  #steps = 0
  #last: Lane = 'ordinary'

  constructor({ now, nextTurn, mayBegin = () => true }: TurnsOptions) {
    this.#now = now
    this.#nextTurn = nextTurn
    this.#mayBegin = mayBegin
  }

  /**
   * Undefined if the request may begin now; else a promise that resolves when it may. That rejects
   * with the signal's reason if the caller has left by then, and with `busy` where too many wait:
   * never in the lane `bulk`, since a body that has begun can't come later.
   */
  enter(comer: Comer): Promise<void> | undefined {
    const { host, lane } = comer
    if (lane === 'bulk' && this.#bodies <= FEW_BODIES) return undefined
    const mayBegin = lane !== 'ordinary' || this.#mayBegin(host)
    if (this.#waiting === 0 && mayBegin && this.#hasTime()) {
      this.#begin(host)
      return undefined
    }
    return this.#wait(comer)
  }

  /** A long body is under way until the result is called, once. */
  beginBody(): () => void {
    this.#bodies++
    return () => {
      this.#bodies--
    }
  }

  /** To be called when a host may begin that `mayBegin` held back before. */
  wake(): void {
    this.#goOn()
  }

  #hasTime(): boolean {
    const now = this.#now()
    if (this.#sliceAt === undefined) {
      this.#sliceAt = now
      this.#nextTurn(() => {
        this.#sliceAt = undefined
        this.#charge()
      })
    }
    return now - this.#sliceAt < SLICE_MS
  }

  #wait({ host, lane, signal }: Comer): Promise<void> {
    const hosts = this.#lanes[lane]
    const queue = hosts.get(host) ?? []
    const isFull = queue.length >= HOST_WAITING_MAX || this.#waiting >= WAITING_MAX
    if (isFull && lane !== 'bulk')
      return Promise.reject(
        new GroveError('busy', {}, { message: 'too many requests wait here: come again later' }),
      )
    const turn = new Promise<void>((begin, fail) => queue.push({ signal, begin, fail }))
    hosts.set(host, queue)
    this.#waiting++
    this.#goOn()
    return turn
  }

  /** Each step is a task of its own, so that what a request does at once is over by the next. */
  #goOn(): void {
    if (this.#steps > 0 || this.#waiting === 0) return
    this.#steps = Math.min(this.#waiting, BATCH_MAX)
    for (let step = 0; step < this.#steps; step++) this.#nextTurn(() => this.#step())
    this.#nextTurn(() => this.#pause())
  }

  #step(): void {
    this.#charge()
    const now = this.#now()
    this.#sliceAt ??= now
    const next = now - this.#sliceAt < SLICE_MS ? this.#next() : undefined
    if (next === undefined) return
    this.#begin(next.host)
    next.request.begin()
  }

  /** Ends a pass. If all that wait are held back, the next one begins with `wake`. */
  #pause(): void {
    this.#charge()
    this.#sliceAt = undefined
    this.#steps = 0
    if (this.#choice() !== undefined) this.#goOn()
  }

  /** Takes the next request out of its queue. */
  #next(): { readonly host: string; readonly request: Waiting } | undefined {
    for (;;) {
      const choice = this.#choice()
      if (choice === undefined) return undefined
      const { lane, host, queue } = choice
      const request = queue.shift()
      if (queue.length === 0) this.#lanes[lane].delete(host)
      if (request === undefined) continue
      this.#waiting--
      if (request.signal.aborted) request.fail(request.signal.reason)
      else {
        this.#last = lane
        return { host, request }
      }
    }
  }

  #choice() {
    const vital = this.#choiceOf('vital', this.#lanes.vital.keys())
    if (vital !== undefined && this.#last !== 'vital') return vital
    const { ordinary, bulk } = this.#lanes
    const begins = [...ordinary.keys().filter((host) => this.#mayBegin(host))]
    const host = this.#shares.least([...begins, ...bulk.keys()])
    if (host === undefined) return vital
    const isBulk = bulk.has(host) && (this.#last !== 'bulk' || !begins.includes(host))
    return this.#choiceOf(isBulk ? 'bulk' : 'ordinary', [host])
  }

  #choiceOf(lane: Lane, hosts: Iterable<string>) {
    const host = this.#shares.least(hosts)
    const queue = host === undefined ? undefined : this.#lanes[lane].get(host)
    return host === undefined || queue === undefined ? undefined : { lane, host, queue }
  }

  #begin(host: string): void {
    this.#charge()
    this.#running = { host, since: this.#now() }
    this.#shares.begin(host)
  }

  /** Charges the request that began last with the time since then. */
  #charge(): void {
    if (this.#running === undefined) return
    const { host, since } = this.#running
    this.#running = undefined
    this.#shares.charge(host, Math.max(TURN_MIN_MS, this.#now() - since))
  }
}
