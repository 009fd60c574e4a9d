import { Worker } from 'node:worker_threads'
import type { Precedence } from '../../../concurrency/shares/precedence.ts'
import { GroveError } from '../../../core/errors.ts'
import type { SigningKey } from '../../../core/identity/ed25519.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { NextTurn } from '../../../ports/stores.ts'
import type { DatabaseFile } from '../database/database-file.ts'
import {
  bytesOf,
  type Committed,
  compact,
  errorOf,
  type Job,
  type JobBatch,
  type JobResult,
  type KeyToSignWith,
} from './jobs.ts'
import { OWN, type Taken, type WriteTurn, WriteTurns } from './write-turns.ts'

/** Batches sent to the thread at once: while it commits one, the next may be ready. */
const BATCHES_MAX = 2

type CommitClock = Pick<Clock, 'now' | 'after'>

interface Waiting {
  readonly job: Job
  readonly resolve: (result: JobResult) => void
  readonly reject: (error: GroveError) => void
}

/** Of the thread's heap, what is for new objects. V8 keeps it, and takes 48 MiB unasked. */
const YOUNG_MAX_MIB = 12

/** The thread's file: `.ts` where Node runs the sources, `.js` where they are built. */
const writerThread = new URL(`./writer-thread${import.meta.url.slice(-3)}`, import.meta.url)

/**
 * Group commit: writes that are under way at once share one transaction and so one sync to disk. A
 * thread of its own commits, so that neither syncs nor index upkeep block the event loop; meanwhile
 * the next batch gathers. The thread starts with the first write.
 */
export class CommitQueue {
  readonly #file: DatabaseFile
  readonly #nextTurn: NextTurn
  readonly #clock: CommitClock
  readonly #queue: WriteTurns<Waiting>
  /** Batches that the thread has not answered, oldest first. */
  readonly #underWay: WriteTurn<Waiting>[] = []
  /** What the thread has left over of those that it has answered, while it has others. */
  readonly #left: Taken<Waiting>[] = []
  #key: SigningKey | undefined
  #scheduled = false
  #worker: Worker | undefined
  #closed = false
  #drained = () => {}
  #stopAwaiting = () => {}

  constructor(file: DatabaseFile, nextTurn: NextTurn, clock: CommitClock, precedence?: Precedence) {
    this.#file = file
    this.#nextTurn = nextTurn
    this.#clock = clock
    this.#queue = new WriteTurns(clock.now, precedence)
  }

  /**
   * Resolves once the job is durable, with whether it changed anything. Askers take turns; the jobs
   * of one are done in their order. Throws `shutting-down`, `busy` where too much of the asker's
   * waits, `storage-full`, `storage-failed`, `read-only`.
   */
  async write(job: Job, asker?: string): Promise<boolean> {
    return (await this.do(job, asker)).changed
  }

  /** The same, with all that came of it. */
  async do(job: Job, asker: string = OWN): Promise<JobResult> {
    if (this.#closed) throw new GroveError('shutting-down')
    // The thread looks after each commit, but opening would make a database where there is none.
    if (this.#worker === undefined) this.#file.require()
    return new Promise((resolve, reject) => {
      this.#queue.add(asker, { job, resolve, reject }, bytesOf(job))
      this.#schedule()
    })
  }

  /** From now on the thread signs with this key what is put as `local`. */
  signWith(key: SigningKey): void {
    this.#key = key
    this.#worker?.postMessage({ pem: key.toPem() } satisfies KeyToSignWith)
  }

  /** Commits what is waiting, then ends the thread. Refuses more. */
  async close(): Promise<void> {
    this.#closed = true
    this.#queue.hurry()
    this.#schedule()
    if (this.#queue.size + this.#underWay.length > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve
      })
    }
    const worker = this.#worker
    this.#worker = undefined
    if (worker === undefined) return
    await new Promise((resolve) => {
      worker.ref()
      worker.once('exit', resolve).postMessage('close')
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    if (!this.#isDue()) {
      this.#awaitRested()
      return
    }
    this.#scheduled = true
    this.#nextTurn(() => {
      this.#scheduled = false
      if (this.#isDue()) this.#send()
    })
  }

  /**
   * Whether what is waiting is a batch. While the thread has one, the next is sent ahead once it is
   * as large: sooner it would be a small one, and each costs a commit. While several write, none is
   * sent ahead, so that who comes last waits for one at most.
   */
  #isDue(): boolean {
    const [current] = this.#underWay
    if (current === undefined) return this.#queue.dueAt <= this.#clock.now()
    if (this.#underWay.length >= BATCHES_MAX || current.isShared) return false
    if (this.#left.length > 0) return false
    return this.#queue.size >= current.taken.length
  }

  /** If all who wait rest, the next batch leaves when the first of them has rested. */
  #awaitRested(): void {
    if (this.#underWay.length > 0 || this.#queue.size === 0) return
    this.#stopAwaiting()
    const restMs = this.#queue.dueAt - this.#clock.now()
    this.#stopAwaiting = this.#clock.after(Math.max(0, restMs), () => this.#schedule())
  }

  #send(): void {
    const worker = this.#start()
    const batch = this.#queue.take()
    const isAhead = this.#underWay.length > 0
    this.#underWay.push(batch)
    worker.ref()
    const jobs = batch.taken.map(({ job }) => compact(job.job))
    worker.postMessage({ jobs, maxMs: batch.maxMs, isAhead } satisfies JobBatch)
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(writerThread, {
      workerData: { file: this.#file.path },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MAX_MIB },
    })
    if (this.#key !== undefined)
      worker.postMessage({ pem: this.#key.toPem() } satisfies KeyToSignWith)
    worker.on('message', (committed: Committed) => this.#settle(committed))
    let cause: unknown
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => this.#ended(worker, cause))
    this.#worker = worker
    return worker
  }

  #settle({ outcomes, workMs, allMs }: Committed): void {
    const taken = this.#underWay.shift()?.taken ?? []
    const done = taken.slice(0, outcomes.length)
    this.#queue.settle(done, workMs, allMs)
    this.#left.push(...taken.slice(outcomes.length))
    if (this.#underWay.length === 0) this.#queue.putBack(this.#left.splice(0))
    // Send the next batch first: the thread commits it while the callers of this one are answered.
    if (this.#isDue()) this.#send()
    else this.#awaitRested()
    if (this.#queue.size + this.#underWay.length === 0) this.#worker?.unref()
    for (const [index, { job }] of done.entries()) {
      const outcome = outcomes[index]
      if (outcome?.type === 'done') job.resolve(outcome)
      else job.reject(outcome === undefined ? new GroveError('storage-failed') : errorOf(outcome))
    }
    if (this.#queue.size + this.#underWay.length === 0) this.#drained()
  }

  /**
   * A thread has ended, with or without an error. If nobody told it to, the batches that it had are
   * lost, and the next write starts a new thread.
   */
  #ended(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    const lost = this.#underWay.splice(0).flatMap(({ taken }) => taken)
    this.#queue.putBack(this.#left.splice(0))
    for (const { job } of lost)
      job.reject(new GroveError('storage-failed', { file: this.#file.path }, { cause }))
    if (this.#queue.size > 0) this.#schedule()
    else this.#drained()
  }
}
