import { BoundedMap } from '../../../concurrency/bounded.ts'
import { FairShares } from '../../../concurrency/shares/fair-shares.ts'
import { Precedence } from '../../../concurrency/shares/precedence.ts'
import { Rests } from '../../../concurrency/shares/rests.ts'
import { GroveError } from '../../../core/errors.ts'

/** Jobs in one transaction at most. */
const BATCH_MAX = 256
/** The work of one transaction, in ms: while one asker has the thread alone, and while more do. */
const ALONE_MS = 15
const SHARED_MS = 4
/** It ends when it has taken so much longer than was expected. */
const OVERTIME_FACTOR = 2
/** A job that takes so long, in ms, is one after which its asker rests. */
const LONG_MS = 4
/** Whoever wrote within this time, in ms, is likely to write again. */
const ACTIVE_MS = 250
/** Bytes that wait of one asker, where it has more than one job. */
const ASKER_MAX_BYTES = 32 * 1024 * 1024
/** Askers whose usual job is remembered. */
const ASKERS_MAX = 4_096
/** What a job is expected to take, in ms, while nothing is known of its asker's. */
const FIRST_JOB_MS = 0.1
/** The part that the latest job has in what an asker's next one is expected to take. */
const LATEST_SHARE = 1 / 4

/** Whose writes nobody else asked for: they are few and small. */
export const OWN = 'grove'
/** Whose writes were asked for on this machine. */
const LOCAL = 'local'
/** Whose writes are what peers sent. */
export const SYNC = 'sync'

interface Waiting<T> {
  readonly job: T
  readonly bytes: number
  /** Unix ms. */
  readonly since: number
}

/** Who is on this machine, and whose writes are bounded by themselves: they are never refused. */
const UNBOUNDED: ReadonlySet<string> = new Set([OWN, SYNC, LOCAL])

/** A job that has left its queue. */
export interface Taken<T> extends Waiting<T> {
  readonly asker: string
  readonly expectedMs: number
}

/** Jobs for one transaction. */
export interface WriteTurn<T> {
  readonly taken: readonly Taken<T>[]
  /** After so much work it ends, and what it has not begun waits again. */
  readonly maxMs: number
  /** Whether several have written lately or wait. */
  readonly isShared: boolean
}

/**
 * Jobs that wait for the thread that writes, and whose turn it is: that of the asker who has had
 * the least of its time. Each asker's jobs stay in their order. An asker alone has it all; beside
 * others a batch is short, and who writes long jobs rests in between while nobody else has any, so
 * that who has little to write never waits long for who has much.
 */
export class WriteTurns<T> {
  readonly #now: () => number
  readonly #waiting = new Map<string, Queue<T>>()
  readonly #shares = new FairShares()
  readonly #rests: Rests
  readonly #precedence: Precedence
  readonly #usualMs = new BoundedMap<string, number>(ASKERS_MAX)
  /** When each has written last, the longest ago first. */
  readonly #active = new BoundedMap<string, number>(ASKERS_MAX)
  #size = 0
  #isHurried = false

  /** `now`: Unix ms. `precedence`: who goes before others. Default: nobody. */
  constructor(now: () => number, precedence = new Precedence(now)) {
    this.#now = now
    this.#precedence = precedence
    this.#rests = new Rests({ now, longMs: LONG_MS, never: new Set([OWN, LOCAL]) })
  }

  /** Jobs that wait. */
  get size(): number {
    return this.#size
  }

  /** Throws `busy` where too much of the asker's waits. */
  add(asker: string, job: T, bytes: number): void {
    if (!this.#waiting.has(asker)) this.#shares.enter(asker)
    const queue = this.#queueOf(asker)
    const isFull = queue.size > 0 && queue.bytes + bytes > ASKER_MAX_BYTES
    if (isFull && !UNBOUNDED.has(asker))
      throw new GroveError('busy', {}, { message: 'too much waits to be written: come later' })
    queue.push({ job, bytes, since: this.#now() })
    this.#size++
    this.#noteActive(asker)
  }

  /**
   * When the next job may be written (Unix ms): 0 if at once, infinite where none waits, later
   * where all who have jobs rest.
   */
  get dueAt(): number {
    let dueAt = Number.POSITIVE_INFINITY
    for (const asker of this.#waiting.keys()) {
      const restsUntil = this.#restsUntil(asker)
      if (restsUntil === undefined) return 0
      dueAt = Math.min(dueAt, restsUntil)
    }
    return dueAt
  }

  /** From now on nobody rests. */
  hurry(): void {
    this.#isHurried = true
  }

  /** Takes out what is to be written next: at least one job where one is due. */
  take(): WriteTurn<T> {
    const isShared = this.#isShared()
    const mostMs = isShared ? SHARED_MS : ALONE_MS
    const taken: Taken<T>[] = []
    for (let sumMs = 0; taken.length < BATCH_MAX && sumMs < mostMs; ) {
      const next = this.#next()
      if (next === undefined) break
      taken.push(next)
      sumMs += next.expectedMs
    }
    return { taken, maxMs: OVERTIME_FACTOR * mostMs, isShared }
  }

  /** Puts jobs that were not begun back to where they were. */
  putBack(taken: readonly Taken<T>[]): void {
    for (const { asker, job, bytes, since, expectedMs } of taken.toReversed()) {
      this.#queueOf(asker).putBack({ job, bytes, since })
      this.#size++
      this.#shares.charge(asker, -expectedMs)
    }
  }

  /**
   * These were written: `workMs` is what each took, `allMs` the whole transaction. Whoever made its
   * work has made its commit, in proportion.
   */
  settle(taken: readonly Taken<T>[], workMs: readonly number[], allMs: number): void {
    const sumMs = workMs.reduce((sum, ms) => sum + ms, 0)
    for (const [index, { asker, since, expectedMs }] of taken.entries()) {
      const ms = workMs[index] ?? 0
      const chargeMs = sumMs === 0 ? allMs / taken.length : (allMs * ms) / sumMs
      this.#shares.charge(asker, chargeMs - expectedMs)
      const usualMs = this.#usualMs.get(asker) ?? ms
      this.#usualMs.set(asker, usualMs + LATEST_SHARE * (ms - usualMs))
      if (asker !== OWN) this.#rests.note(asker, ms)
      if (asker !== OWN) this.#precedence.note(asker, chargeMs, since)
      this.#noteActive(asker)
    }
  }

  #next(): Taken<T> | undefined {
    const isDue = (one: string) => this.#restsUntil(one) === undefined
    const asker = this.#shares.least(this.#waiting.keys(), isDue)
    const queue = asker === undefined ? undefined : this.#waiting.get(asker)
    const first = queue?.shift()
    if (asker === undefined || queue === undefined || first === undefined) return undefined
    if (queue.size === 0) this.#waiting.delete(asker)
    this.#size--
    const expectedMs = this.#usualMs.get(asker) ?? FIRST_JOB_MS
    this.#shares.begin(asker)
    this.#shares.charge(asker, expectedMs)
    return { ...first, asker, expectedMs }
  }

  #restsUntil(asker: string): number | undefined {
    if (this.#isHurried || asker === OWN) return undefined
    return this.#precedence.endOf(asker) ?? this.#rests.endOf(asker)
  }

  #queueOf(asker: string): Queue<T> {
    const known = this.#waiting.get(asker)
    if (known !== undefined) return known
    const queue = new Queue<T>()
    this.#waiting.set(asker, queue)
    return queue
  }

  #noteActive(asker: string): void {
    if (asker !== OWN) this.#active.set(asker, this.#now())
  }

  /** Whether more than one has written lately or waits. */
  #isShared(): boolean {
    const now = this.#now()
    for (const [asker, at] of this.#active) {
      if (at <= now && now - at <= ACTIVE_MS) break
      this.#active.delete(asker)
    }
    const others = this.#waiting
      .keys()
      .filter((asker) => asker !== OWN && !this.#active.has(asker))
      .take(2)
    return this.#active.size + [...others].length > 1
  }
}

/** The jobs of one asker, in their order. Each step takes the same time, however many wait. */
class Queue<T> {
  /** The first ones, the very first last. */
  #first: Waiting<T>[] = []
  #rest: Waiting<T>[] = []
  bytes = 0

  get size(): number {
    return this.#first.length + this.#rest.length
  }

  push(entry: Waiting<T>): void {
    this.#rest.push(entry)
    this.bytes += entry.bytes
  }

  putBack(entry: Waiting<T>): void {
    this.#first.push(entry)
    this.bytes += entry.bytes
  }

  shift(): Waiting<T> | undefined {
    if (this.#first.length === 0) {
      this.#first = this.#rest.reverse()
      this.#rest = []
    }
    const entry = this.#first.pop()
    this.bytes -= entry?.bytes ?? 0
    return entry
  }
}
