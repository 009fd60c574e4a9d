import { FairShares } from '../../../concurrency/shares/fair-shares.ts'
import { GroveError } from '../../../core/errors.ts'
import type { Answer, LongQuery, LongType } from './query.ts'

/** Reads of one caller that wait, and of all; beyond them, a caller is told to come later. */
const CALLER_WAITING_MAX = 64
const WAITING_MAX = 1_024
/** What a read is charged at least, in ms, since clocks tell no less than one. */
const CHARGE_MIN_MS = 0.1

interface Asker {
  readonly caller: string
  readonly resolve: (answer: Answer<LongType>) => void
  readonly reject: (reason: unknown) => void
}

/** A read, and everybody who waits for it: whoever asks the same meanwhile joins them. */
export class ReadTask {
  readonly query: LongQuery
  readonly key: string
  readonly askers = new Set<Asker>()
  /** Whose turn it has, as one of its askers. */
  caller = ''
  /** Whether it was broken off once, for the sake of others. */
  gaveWay = false

  constructor(query: LongQuery, key: string) {
    this.query = query
    this.key = key
  }

  get callers(): ReadonlySet<string> {
    return new Set([...this.askers].map(({ caller }) => caller))
  }

  resolve(answer: Answer<LongType>): void {
    for (const { resolve } of this.askers) resolve(answer)
  }

  fail(reason: unknown): void {
    for (const { reject } of this.askers) reject(reason)
  }
}

/**
 * Reads that wait. The caller who has had the least time goes first. A read that several callers
 * have asked for is in the queue of each, so that nobody waits for the turns of another.
 */
export class ReadQueue {
  readonly #waiting = new Map<string, ReadTask[]>()
  readonly #byKey = new Map<string, ReadTask>()
  readonly #shares = new FairShares()

  /** Calls `leave` where everybody who waited for a read has left. */
  add(
    query: LongQuery,
    caller: string,
    signal: AbortSignal | undefined,
    leave: (task: ReadTask) => void,
  ): Promise<Answer<LongType>> {
    const key = JSON.stringify(query)
    const task = this.#byKey.get(key) ?? new ReadTask(query, key)
    if (!this.#enter(task, caller)) return Promise.reject(tooMany())
    this.#byKey.set(key, task)
    const { promise, resolve, reject } = Promise.withResolvers<Answer<LongType>>()
    const asker = { caller, resolve, reject }
    const onAbort = () => {
      reject(signal?.reason)
      if (!task.askers.delete(asker)) return
      if (!task.callers.has(caller)) this.#removeFrom(caller, task)
      if (task.askers.size > 0) return
      this.#forget(task)
      leave(task)
    }
    task.askers.add(asker)
    signal?.addEventListener('abort', onAbort)
    return promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  /** Puts a read that gave way behind all others of its callers. Nobody joins it any more. */
  addAgain(task: ReadTask): void {
    task.gaveWay = true
    const entered = [...task.callers].filter((caller) => this.#enter(task, caller))
    if (entered.length === 0) task.fail(tooMany())
  }

  /** Takes out the read whose turn it is. Nobody can join it any more: it sees the past. */
  next(): ReadTask | undefined {
    const least = this.#shares.least(this.#waiting.keys())
    const task = least === undefined ? undefined : this.#waiting.get(least)?.[0]
    if (least === undefined || task === undefined) return undefined
    task.caller = least
    for (const caller of task.callers) this.#removeFrom(caller, task)
    this.#forget(task)
    this.#shares.begin(least)
    return task
  }

  charge({ caller }: ReadTask, ms: number): void {
    this.#shares.charge(caller, Math.max(ms, CHARGE_MIN_MS))
  }

  /** Whether anybody waits who hasn't asked for this. */
  isWaitedFor(task: ReadTask): boolean {
    const { callers } = task
    return this.#waiting.keys().some((caller) => !callers.has(caller))
  }

  /** Takes out all. */
  clear(): ReadTask[] {
    const tasks = new Set([...this.#waiting.values()].flat())
    this.#waiting.clear()
    this.#byKey.clear()
    return [...tasks]
  }

  /** Puts a read into a caller's queue, where it isn't in it. False where too many wait. */
  #enter(task: ReadTask, caller: string): boolean {
    const tasks = this.#waiting.get(caller) ?? []
    if (tasks.includes(task)) return true
    const all = this.#waiting.values().reduce((sum, { length }) => sum + length, 0)
    if (tasks.length >= CALLER_WAITING_MAX || all >= WAITING_MAX) return false
    if (tasks.length === 0) this.#shares.enter(caller)
    tasks.push(task)
    this.#waiting.set(caller, tasks)
    return true
  }

  #removeFrom(caller: string, task: ReadTask): void {
    const left = this.#waiting.get(caller)?.filter((other) => other !== task) ?? []
    if (left.length === 0) this.#waiting.delete(caller)
    else this.#waiting.set(caller, left)
  }

  /** From now on, whoever asks the same asks for another read. */
  #forget(task: ReadTask): void {
    if (this.#byKey.get(task.key) === task) this.#byKey.delete(task.key)
  }
}

function tooMany(): GroveError {
  return new GroveError('busy', {}, { message: 'too many reads wait here: come again later' })
}
