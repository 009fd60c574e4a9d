import { FairShares } from '../../../concurrency/fair-shares.ts'
import { GroveError } from '../../../core/errors.ts'
import type { Answer, LongQuery, LongType } from './query.ts'

/** Reads of one caller that wait, and of all; beyond them, a caller is told to come later. */
const CALLER_WAITING_MAX = 64
const WAITING_MAX = 1_024
/** What a read is charged at least, in ms, since clocks tell no less than one. */
const CHARGE_MIN_MS = 0.1

interface Asker {
  readonly resolve: (answer: Answer<LongType>) => void
  readonly reject: (reason: unknown) => void
}

/** A read, and everybody who waits for it: whoever asks the same meanwhile joins them. */
export class ReadTask {
  readonly query: LongQuery
  readonly key: string
  readonly caller: string
  readonly askers = new Set<Asker>()
  /** Whether it was broken off once, for the sake of others. */
  gaveWay = false

  constructor(query: LongQuery, key: string, caller: string) {
    this.query = query
    this.key = key
    this.caller = caller
  }

  resolve(answer: Answer<LongType>): void {
    for (const { resolve } of this.askers) resolve(answer)
  }

  fail(reason: unknown): void {
    for (const { reject } of this.askers) reject(reason)
  }
}

/** Reads that wait. The caller who has had the least time goes first. */
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
    const task = this.#byKey.get(key) ?? this.#enter(new ReadTask(query, key, caller))
    if (task === undefined) return Promise.reject(tooMany())
    const { promise, resolve, reject } = Promise.withResolvers<Answer<LongType>>()
    const asker = { resolve, reject }
    const onAbort = () => {
      reject(signal?.reason)
      if (!task.askers.delete(asker) || task.askers.size > 0) return
      this.#remove(task)
      leave(task)
    }
    task.askers.add(asker)
    signal?.addEventListener('abort', onAbort)
    return promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  /** Puts a read that gave way behind all others of its caller. */
  addAgain(task: ReadTask): void {
    task.gaveWay = true
    if (task.askers.size > 0 && this.#enter(task) === undefined) task.fail(tooMany())
  }

  /** Takes out the read whose turn it is. Nobody can join it any more: it sees the past. */
  next(): ReadTask | undefined {
    const least = this.#shares.least(this.#waiting.keys())
    const task = least === undefined ? undefined : this.#waiting.get(least)?.[0]
    if (task === undefined) return undefined
    this.#remove(task)
    this.#shares.begin(task.caller)
    return task
  }

  charge({ caller }: ReadTask, ms: number): void {
    this.#shares.charge(caller, Math.max(ms, CHARGE_MIN_MS))
  }

  /** Whether another caller waits. */
  isWaitedFor({ caller }: ReadTask): boolean {
    return this.#waiting.size > (this.#waiting.has(caller) ? 1 : 0)
  }

  /** Takes out all. */
  clear(): ReadTask[] {
    const tasks = [...this.#waiting.values()].flat()
    this.#waiting.clear()
    this.#byKey.clear()
    return tasks
  }

  #enter(task: ReadTask): ReadTask | undefined {
    const tasks = this.#waiting.get(task.caller) ?? []
    if (tasks.length >= CALLER_WAITING_MAX || this.#byKey.size >= WAITING_MAX) return undefined
    tasks.push(task)
    this.#waiting.set(task.caller, tasks)
    this.#byKey.set(task.key, task)
    return task
  }

  #remove(task: ReadTask): void {
    const tasks = this.#waiting.get(task.caller) ?? []
    const index = tasks.indexOf(task)
    if (index < 0) return
    tasks.splice(index, 1)
    if (tasks.length === 0) this.#waiting.delete(task.caller)
    if (this.#byKey.get(task.key) === task) this.#byKey.delete(task.key)
  }
}

function tooMany(): GroveError {
  return new GroveError('busy', {}, { message: 'too many reads wait here: come again later' })
}
