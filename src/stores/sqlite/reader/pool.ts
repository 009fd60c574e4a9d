import { Worker } from 'node:worker_threads'
import type { Precedence } from '../../../concurrency/shares/precedence.ts'
import { errnoOf } from '../../../core/errno.ts'
import { GroveError } from '../../../core/errors.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { ReadOptions } from '../../../ports/graph-index.ts'
import type { DatabaseFile } from '../database/database-file.ts'
import { errorOf, type Failure } from '../writer/jobs.ts'
import type { Answer, LongQuery, LongType } from './query.ts'
import { ReadQueue, type ReadTask } from './read-queue.ts'

/** The longest that one query may take. */
const DEADLINE_MS = 4_000
/** After this a query gives way to those of other callers, and begins again behind them. */
const GIVES_WAY_MS = 250
/** How long the thread, which takes 20 MiB, stays when nobody asks anything. */
const IDLE_MS = 60_000
/**
 * Of the thread's heap. Answers are bounded, and so are the rows that are sorted for them: V8 can't
 * always end the thread alone when a statement fills its heap, and then ends the process.
 */
const HEAP_MAX_MIB = 128
/** What is for new objects. V8 keeps it, and takes 48 MiB unasked. */
const YOUNG_MAX_MIB = 6
/** Cancels all queries, whatever their number. */
const ALL = 2 ** 31 - 1

/** What the thread is started with. */
export interface ReaderData {
  readonly file: string
  /** Queries up to this number are cancelled. */
  readonly cancelled: Int32Array
}

export type ToReader = { readonly ticket: number; readonly query: LongQuery } | 'close'
export type FromReader = { readonly type: 'answer'; readonly answer: Answer<LongType> } | Failure

interface Running {
  readonly task: ReadTask
  readonly worker: Worker
  readonly ticket: number
  readonly since: number
  /** Why it was cancelled. */
  reason: GroveError | 'gives-way' | undefined
  forget: () => void
}

/** The thread's file: `.ts` where Node runs the sources, `.js` where they are built. */
const readerThread = new URL(`./reader-thread${import.meta.url.slice(-3)}`, import.meta.url)

/**
 * Answers reads that may be long in a thread of their own, so that nobody waits for them but their
 * caller. One at a time, callers in turns by the time that they have used. A read is cancelled when
 * its callers have left, when it takes too long, and when others wait for theirs. The thread starts
 * with the first read, and ends when nobody has asked for a while.
 */
export class ReaderPool {
  readonly #file: DatabaseFile
  readonly #clock: Clock
  readonly #precedence: Precedence | undefined
  readonly #queue = new ReadQueue()
  readonly #cancelled = new Int32Array(new SharedArrayBuffer(4))
  #ticket = 0
  #worker: Worker | undefined
  #running: Running | undefined
  #closed = false
  #stopIdling = () => {}

  /** `precedence` is told who has read for how long. */
  constructor(file: DatabaseFile, clock: Clock, precedence?: Precedence) {
    this.#file = file
    this.#clock = clock
    this.#precedence = precedence
  }

  /**
   * Throws `busy` where too many wait or others had to go before it for too long, `too-large` where
   * it takes too long by itself, the signal's reason, `storage-failed`, `shutting-down`.
   */
  ask<T extends LongType>(query: LongQuery<T>, options: ReadOptions = {}): Promise<Answer<T>> {
    if (this.#closed) return Promise.reject(new GroveError('shutting-down'))
    const { caller = 'local', signal } = options
    signal?.throwIfAborted()
    const answer = this.#queue.add(query as LongQuery, caller, signal, (task) => {
      if (this.#running?.task === task) this.#cancel(new GroveError('aborted'))
    })
    this.#goOn()
    return answer as Promise<Answer<T>>
  }

  /** Ends what is running and the thread; the callers of what waits are told so. */
  async close(): Promise<void> {
    this.#closed = true
    this.#stopIdling()
    for (const task of this.#queue.clear()) task.fail(new GroveError('shutting-down'))
    if (this.#running !== undefined) this.#cancel(new GroveError('shutting-down'))
    Atomics.store(this.#cancelled, 0, ALL)
    await this.#end()
  }

  #goOn(): void {
    if (this.#running !== undefined || this.#closed) return
    const task = this.#queue.next()
    if (task === undefined) this.#idle()
    else this.#begin(task)
  }

  #begin(task: ReadTask): void {
    try {
      this.#send(task)
    } catch (error) {
      task.fail(error)
      this.#goOn()
    }
  }

  #send(task: ReadTask): void {
    const worker = this.#start()
    const ticket = ++this.#ticket
    const since = this.#clock.now()
    this.#running = { task, worker, ticket, since, reason: undefined, forget() {} }
    this.#watch(this.#running)
    worker.ref()
    worker.postMessage({ ticket, query: task.query } satisfies ToReader)
  }

  /** Looks at times whether the query that runs has had its time. */
  #watch(running: Running): void {
    running.forget = this.#clock.after(GIVES_WAY_MS, () => {
      if (this.#running !== running) return
      const ms = this.#clock.now() - running.since
      if (ms >= DEADLINE_MS) this.#cancel(tooLong())
      else if (this.#queue.isWaitedFor(running.task)) this.#cancel('gives-way')
      else this.#watch(running)
    })
  }

  #cancel(reason: GroveError | 'gives-way'): void {
    const running = this.#running
    if (running === undefined) return
    running.reason ??= reason
    Atomics.store(this.#cancelled, 0, running.ticket)
  }

  #settle(message: FromReader): void {
    const running = this.#leave()
    if (running === undefined) return
    const { task, reason } = running
    if (message.type === 'answer') task.resolve(message.answer)
    else if (reason === undefined) task.fail(errorOf(message))
    else if (reason !== 'gives-way') task.fail(reason)
    else if (task.gaveWay) task.fail(busy())
    else this.#queue.addAgain(task)
    this.#goOn()
  }

  #leave(): Running | undefined {
    const running = this.#running
    this.#running = undefined
    this.#worker?.unref()
    running?.forget()
    if (running === undefined) return undefined
    const ms = this.#clock.now() - running.since
    this.#queue.charge(running.task, ms)
    this.#precedence?.note(running.task.caller, ms)
    return running
  }

  #start(): Worker {
    this.#stopIdling()
    if (this.#worker !== undefined) return this.#worker
    // Opening would read another database where that was put in the place of ours.
    this.#file.require()
    const workerData: ReaderData = { file: this.#file.path, cancelled: this.#cancelled }
    const resourceLimits = {
      maxOldGenerationSizeMb: HEAP_MAX_MIB,
      maxYoungGenerationSizeMb: YOUNG_MAX_MIB,
    }
    const worker = new Worker(readerThread, { workerData, resourceLimits })
    worker.on('message', (message: FromReader) => this.#settle(message))
    let cause: unknown
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => this.#ended(worker, cause))
    this.#worker = worker
    return worker
  }

  /** A thread has ended. Where it had a query, it has died of that, and the next starts another. */
  #ended(worker: Worker, cause: unknown): void {
    if (this.#worker === worker) this.#worker = undefined
    if (this.#running?.worker !== worker) return
    const isTooLarge = errnoOf(cause) === 'ERR_WORKER_OUT_OF_MEMORY'
    const code = isTooLarge ? 'too-large' : 'storage-failed'
    this.#leave()?.task.fail(new GroveError(code, { file: this.#file.path }, { cause }))
    this.#goOn()
  }

  #idle(): void {
    this.#stopIdling()
    this.#stopIdling = this.#clock.after(IDLE_MS, () => void this.#end())
  }

  async #end(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    if (worker === undefined) return
    await new Promise((resolve) => {
      worker.ref()
      worker.once('exit', resolve).postMessage('close' satisfies ToReader)
    })
  }
}

function tooLong(): GroveError {
  const message =
    `this takes longer than ${DEADLINE_MS / 1_000} s to read: ask for less, or for rarer words ` +
    'or tags'
  return new GroveError('too-large', {}, { message })
}

function busy(): GroveError {
  return new GroveError('busy', {}, { message: 'others read for too long: come again later' })
}
