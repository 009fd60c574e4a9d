import { Worker } from 'node:worker_threads'
import { GroveError } from '../../../core/errors.ts'
import type { NextTurn } from '../../../ports/stores.ts'
import type { DatabaseFile } from '../database/database-file.ts'
import { compact, errorOf, type Job, type Outcome } from './jobs.ts'

/** Jobs in one transaction at most: bounds how long the first of them waits for the last. */
const BATCH_MAX = 256
/** Batches sent to the thread at once: while it commits one, the next may be ready. */
const BATCHES_MAX = 2

interface Waiting {
  readonly job: Job
  readonly resolve: (changed: boolean) => void
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
  readonly #queue: Waiting[] = []
  /** Batches that the thread has not answered, oldest first. */
  readonly #underWay: Waiting[][] = []
  #scheduled = false
  #worker: Worker | undefined
  #closed = false
  #drained = () => {}

  constructor(file: DatabaseFile, nextTurn: NextTurn) {
    this.#file = file
    this.#nextTurn = nextTurn
  }

  /**
   * Resolves once the job is durable, with whether it changed anything. Throws `shutting-down`,
   * `storage-full`, `storage-failed`, `read-only`.
   */
  async write(job: Job): Promise<boolean> {
    if (this.#closed) throw new GroveError('shutting-down')
    // The thread looks after each commit, but opening would make a database where there is none.
    if (this.#worker === undefined) this.#file.require()
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject })
      this.#schedule()
    })
  }

  /** Commits what is waiting, then ends the thread. Refuses more. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#queue.length + this.#underWay.length > 0) {
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
    if (this.#scheduled || !this.#isDue()) return
    this.#scheduled = true
    this.#nextTurn(() => {
      this.#scheduled = false
      if (this.#isDue()) this.#send()
    })
  }

  /**
   * Whether what is waiting is a batch. While the thread has one, the next is sent ahead once it is
   * as large: sooner it would be a small one, and each costs a commit.
   */
  #isDue(): boolean {
    const [current] = this.#underWay
    if (current === undefined) return this.#queue.length > 0
    return this.#underWay.length < BATCHES_MAX && this.#queue.length >= current.length
  }

  #send(): void {
    const worker = this.#start()
    const batch = this.#queue.splice(0, BATCH_MAX)
    this.#underWay.push(batch)
    worker.ref()
    worker.postMessage(batch.map(({ job }) => compact(job)))
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(writerThread, {
      workerData: { file: this.#file.path },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MAX_MIB },
    })
    worker.on('message', (outcomes: readonly Outcome[]) => this.#settle(outcomes))
    let cause: unknown
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => this.#ended(worker, cause))
    this.#worker = worker
    return worker
  }

  #settle(outcomes: readonly Outcome[]): void {
    const batch = this.#underWay.shift() ?? []
    // Send the next batch first: the thread commits it while the callers of this one are answered.
    if (this.#isDue()) this.#send()
    if (this.#underWay.length === 0) this.#worker?.unref()
    for (const [index, { resolve, reject }] of batch.entries()) {
      const outcome = outcomes[index]
      if (outcome?.type === 'done') resolve(outcome.changed)
      else reject(outcome === undefined ? new GroveError('storage-failed') : errorOf(outcome))
    }
    if (this.#underWay.length === 0) this.#drained()
  }

  /**
   * A thread has ended, with or without an error. If nobody told it to, the batches that it had are
   * lost, and the next write starts a new thread.
   */
  #ended(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    const lost = this.#underWay.splice(0).flat()
    for (const { reject } of lost)
      reject(new GroveError('storage-failed', { file: this.#file.path }, { cause }))
    if (this.#queue.length > 0) this.#schedule()
    else this.#drained()
  }
}
