import { Worker } from 'node:worker_threads'
import { GroveError } from '../../core/errors.ts'
import type { NextTurn } from '../../ports/stores.ts'
import { detached, errorOf, type Job, type Outcome } from './jobs.ts'

/** Jobs of one transaction at the most: bounds how long the first of them waits for the last. */
const BATCH_MAX = 256

interface Waiting {
  readonly job: Job
  readonly resolve: (changed: boolean) => void
  readonly reject: (error: GroveError) => void
}

/** The thread that writes, beside this file: `.ts` where Node runs the sources, `.js` where they are built. */
const writerThread = new URL(`./writer-thread${import.meta.url.slice(-3)}`, import.meta.url)

/**
 * Group commit: writes that are under way at once share one transaction and so one sync to disk. A thread of its own
 * commits, so that neither syncs nor index upkeep hold up the event loop; while it is at it the next batch gathers.
 * The thread starts with the first write.
 */
export class CommitQueue {
  readonly #file: string
  readonly #nextTurn: NextTurn
  readonly #queue: Waiting[] = []
  #underWay: Waiting[] = []
  #scheduled = false
  #worker: Worker | undefined
  #closed = false
  #drained = () => {}

  constructor(file: string, nextTurn: NextTurn) {
    this.#file = file
    this.#nextTurn = nextTurn
  }

  /** Resolves once the job is durable, with whether it changed anything. Throws `shutting-down`, `storage-full`, `storage-failed`, `read-only`. */
  write(job: Job): Promise<boolean> {
    if (this.#closed) return Promise.reject(new GroveError('shutting-down'))
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject })
      this.#schedule()
    })
  }

  /** Commits what is waiting, then ends the thread. Takes nothing more. */
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
    if (this.#scheduled || this.#underWay.length > 0) return
    this.#scheduled = true
    this.#nextTurn(() => {
      this.#scheduled = false
      this.#send()
    })
  }

  #send(): void {
    const worker = this.#start()
    this.#underWay = this.#queue.splice(0, BATCH_MAX)
    const parts = this.#underWay.map(({ job }) => detached(job))
    worker.ref()
    worker.postMessage(
      parts.map(({ job }) => job),
      parts.flatMap(({ buffers }) => buffers),
    )
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(writerThread, { workerData: { file: this.#file } })
    worker.on('message', (outcomes: readonly Outcome[]) => this.#settle(outcomes))
    worker.on('error', (cause) => this.#fail(cause))
    this.#worker = worker
    return worker
  }

  #settle(outcomes: readonly Outcome[]): void {
    const batch = this.#underWay
    this.#underWay = []
    this.#worker?.unref()
    for (const [index, { resolve, reject }] of batch.entries()) {
      const outcome = outcomes[index]
      if (outcome?.type === 'done') resolve(outcome.changed)
      else reject(outcome === undefined ? new GroveError('storage-failed') : errorOf(outcome))
    }
    if (this.#queue.length > 0) this.#schedule()
    else this.#drained()
  }

  /** The thread has died: what it was to write is lost, what comes next gets a new one. */
  #fail(cause: unknown): void {
    const batch = this.#underWay
    this.#underWay = []
    this.#worker = undefined
    for (const { reject } of batch) reject(new GroveError('storage-failed', { file: this.#file }, { cause }))
    if (this.#queue.length > 0) this.#schedule()
    else this.#drained()
  }
}
