import { BoundedMap } from '../../concurrency/bounded.ts'
import { FairShares } from '../../concurrency/shares/fair-shares.ts'
import { Precedence } from '../../concurrency/shares/precedence.ts'
import { Rests } from '../../concurrency/shares/rests.ts'
import { GroveError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
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
/** A turn that is younger, in ms, goes on with what it would have to wait for otherwise. */
const YOUNG_MS = 1
/** Who calls through the socket of the grove's directory: its operator doesn't rest for others. */
export const LOCAL = 'local'
/** A host that usually waits longer, in ms, feels it; and how long that counts after its last. */
const FELT_WAIT_MS = 10
const CROWDED_MS = 1_000
/** The part that the latest wait has in how long a host usually waits. */
const LATEST_SHARE = 1 / 4
/** Hosts of which it is remembered how long they wait. */
const WAITERS_MAX = 64
/** What a turn is charged at least, in ms, since clocks tell no less than one. */
const TURN_MIN_MS = 0.05

/**
 * `vital` is what others need to see that the grove lives. It gets every second turn. `bulk` is
 * more of a request that has begun before: the next bytes of a long body, or long work.
 */
export type Lane = 'vital' | 'ordinary' | 'bulk'

/** A request that asks for its turn. */
interface Comer {
  /** Whom its time is charged to. */
  readonly host: string
  readonly lane: Lane
  /** Aborts when the caller leaves. */
  readonly signal: AbortSignal
  /** In the lane `bulk`: whether it is work on a request, and not only bytes of a body. */
  readonly isWork?: boolean
}

interface Waiting {
  readonly signal: AbortSignal
  readonly since: number
  readonly begin: () => void
  readonly fail: (reason: unknown) => void
}

interface Running {
  readonly host: string
  readonly lane: Lane
  readonly since: number
  /** When it was asked for. */
  readonly askedAt: number
}

interface TurnsOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>
  readonly nextTurn: NextTurn
  /** Who goes before others. Default: nobody. */
  readonly precedence?: Precedence
  /** Whether a host's requests may begin, of the lane `ordinary`. */
  readonly mayBegin?: (host: string) => boolean
}

/**
 * Has hosts take turns on the one thread that answers. While nobody waits, a request begins at
 * once. Otherwise the host that has had the least time goes first, where a request takes the time
 * until it first waits for something. After long work a host rests for a while, if nobody waits
 * but lighter ones are likely to come. A request whose caller has left is never begun.
 */
export class Turns {
  readonly #clock: TurnsOptions['clock']
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
  readonly #rests: Rests
  readonly #precedence: Precedence
  /** Hosts that have had to wait for long: how long they usually wait, and when they did last. */
  readonly #waits = new BoundedMap<string, { readonly ms: number; readonly at: number }>(
    WAITERS_MAX,
  )
  #stopAwaiting = () => {}
  #running: Running | undefined
  /** When the present slice began; undefined if the event loop has gone round since. */
  #sliceAt: number | undefined
  /** Steps that are still to come in this pass of the event loop. */
  #steps = 0
  #last: Lane = 'ordinary'

  constructor({ clock, nextTurn, precedence, mayBegin = () => true }: TurnsOptions) {
    this.#clock = clock
    this.#precedence = precedence ?? new Precedence(clock.now)
    this.#rests = new Rests({ now: clock.now, longMs: SLICE_MS, never: new Set([LOCAL]) })
    this.#nextTurn = nextTurn
    this.#mayBegin = mayBegin
  }

  /**
   * Undefined if the request may begin now; else a promise that resolves when it may. That rejects
   * with the signal's reason if the caller has left by then, and with `busy` where too many wait:
   * never in the lane `bulk`, since what has begun can't come later.
   */
  enter(comer: Comer): Promise<void> | undefined {
    const { host, lane } = comer
    if (lane === 'bulk' && this.#goesOn(comer)) return undefined
    if (!this.#isWaiting(host)) this.#shares.enter(host)
    const isHeld = lane === 'ordinary' && !this.#mayBegin(host)
    const mayBegin = !isHeld && (lane === 'vital' || !this.isResting(host))
    if (this.#waiting === 0 && mayBegin && this.#hasTime()) {
      if (this.#waits.size > 0) this.#noteWait(host, 0)
      this.#begin(host, lane)
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

  /** Whether a host rests: for those who go first, or after long work. */
  isResting(host: string): boolean {
    return this.#restsUntil(host) !== undefined
  }

  /** The hosts that usually have to wait so long that they feel it. */
  waiters(): string[] {
    const now = this.#clock.now()
    return [...this.#waits]
      .filter(([, { ms, at }]) => ms >= FELT_WAIT_MS && now - at < CROWDED_MS)
      .map(([host]) => host)
  }

  #noteWait(host: string, waitMs: number): void {
    const before = this.#waits.get(host)
    if (before === undefined && waitMs < FELT_WAIT_MS) return
    const ms = (before?.ms ?? 0) + LATEST_SHARE * (waitMs - (before?.ms ?? 0))
    this.#waits.set(host, { ms, at: this.#clock.now() })
  }

  /** Whether what has begun needs no turn: few bodies, and work whose turn is young. */
  #goesOn({ host, lane, isWork = false }: Comer): boolean {
    if (isWork) return this.#isYoungOf(host)
    if (this.#bodies > FEW_BODIES || this.#precedence.endOf(host) !== undefined) return false
    this.#hasTime()
    this.#begin(host, lane)
    return true
  }

  /** Whether the present turn is the host's, and has taken little so far. */
  #isYoungOf(host: string): boolean {
    const running = this.#running
    return running?.host === host && this.#clock.now() - running.since < YOUNG_MS
  }

  #isWaiting(host: string): boolean {
    const { vital, ordinary, bulk } = this.#lanes
    return vital.has(host) || ordinary.has(host) || bulk.has(host)
  }

  #hasTime(): boolean {
    const now = this.#clock.now()
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
    const since = this.#clock.now()
    const turn = new Promise<void>((begin, fail) => queue.push({ signal, since, begin, fail }))
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
    const now = this.#clock.now()
    this.#sliceAt ??= now
    const next = now - this.#sliceAt < SLICE_MS ? this.#next() : undefined
    if (next === undefined) return
    this.#noteWait(next.host, now - next.request.since)
    this.#begin(next.host, next.lane, next.request.since)
    next.request.begin()
  }

  /**
   * Ends a pass. If all that wait are held back, the next one begins with `wake`, or when the first
   * of them has rested.
   */
  #pause(): void {
    this.#charge()
    this.#sliceAt = undefined
    this.#steps = 0
    if (this.#choice() !== undefined) this.#goOn()
    else this.#awaitRested()
  }

  #awaitRested(): void {
    const { ordinary, bulk } = this.#lanes
    const ends = [...ordinary.keys(), ...bulk.keys()].map((host) => this.#restsUntil(host))
    const restsUntil = Math.min(...ends.map((end) => end ?? Number.POSITIVE_INFINITY))
    if (!Number.isFinite(restsUntil)) return
    this.#stopAwaiting()
    const restMs = restsUntil - this.#clock.now()
    this.#stopAwaiting = this.#clock.after(Math.max(0, restMs), () => this.#goOn())
  }

  #restsUntil(host: string): number | undefined {
    return this.#precedence.endOf(host) ?? this.#rests.endOf(host)
  }

  /** Takes the next request out of its queue. */
  #next(): { readonly host: string; readonly lane: Lane; readonly request: Waiting } | undefined {
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
        return { host, lane, request }
      }
    }
  }

  #choice() {
    const vital = this.#choiceOf('vital', this.#lanes.vital.keys())
    if (vital !== undefined && this.#last !== 'vital') return vital
    const { ordinary, bulk } = this.#lanes
    const begins = [...ordinary.keys().filter((host) => this.#mayBegin(host))]
    const hosts = [...begins, ...bulk.keys()]
    const host = this.#shares.least(hosts, (one) => !this.isResting(one))
    if (host === undefined) return vital
    const isBulk = bulk.has(host) && (this.#last !== 'bulk' || !begins.includes(host))
    return this.#choiceOf(isBulk ? 'bulk' : 'ordinary', [host])
  }

  #choiceOf(lane: Lane, hosts: Iterable<string>) {
    const host = this.#shares.least(hosts)
    const queue = host === undefined ? undefined : this.#lanes[lane].get(host)
    return host === undefined || queue === undefined ? undefined : { lane, host, queue }
  }

  #begin(host: string, lane: Lane, askedAt = this.#clock.now()): void {
    this.#charge()
    this.#running = { host, lane, since: this.#clock.now(), askedAt }
    this.#shares.begin(host)
  }

  /** Charges the request that began last with the time since then. */
  #charge(): void {
    if (this.#running === undefined) return
    const { host, lane, since, askedAt } = this.#running
    this.#running = undefined
    const ms = Math.max(TURN_MIN_MS, this.#clock.now() - since)
    this.#shares.charge(host, ms)
    this.#precedence.note(host, ms, askedAt)
    // Who only looks whether the grove lives is nobody to rest for.
    if (lane !== 'vital') this.#rests.note(host, ms)
  }
}
