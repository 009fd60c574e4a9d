import { storageError } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'
import type { NextTurn } from '../../ports/stores.ts'
import type { Database } from './database.ts'

/** Jobs of one transaction at the most: bounds how long the first of them waits for the last. */
const BATCH_MAX = 256

interface Job {
  /** Does the work. May be called again where a transaction was rolled back. */
  run(): void
  resolve(): void
  reject(error: unknown): void
}

/**
 * Group commit: writes that are under way at once share one transaction and so one sync to disk. A write is
 * acknowledged after its commit. Where one fails its neighbours are done again, each by itself.
 */
export class CommitQueue {
  readonly #database: Database
  readonly #nextTurn: NextTurn
  readonly #jobs: Job[] = []
  #closed = false

  constructor(database: Database, nextTurn: NextTurn) {
    this.#database = database
    this.#nextTurn = nextTurn
  }

  /** Runs synchronous work inside a transaction; resolves with what it returned once that is durable. Throws `shutting-down`, `storage-…`. */
  write<T>(work: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new GroveError('shutting-down'))
    return new Promise((resolve, reject) => {
      let result: T
      const run = () => {
        result = work()
      }
      this.#jobs.push({ run, resolve: () => resolve(result), reject })
      if (this.#jobs.length === 1) this.#nextTurn(() => this.#flush())
    })
  }

  /** Commits what is waiting; takes nothing more. */
  close(): void {
    this.#closed = true
    while (this.#jobs.length > 0) this.#flush()
  }

  #flush(): void {
    const batch = this.#jobs.splice(0, BATCH_MAX)
    if (batch.length === 0) return
    if (this.#jobs.length > 0) this.#nextTurn(() => this.#flush())
    try {
      this.#transact(batch)
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(storageError(error, { file: this.#database.name }))
      else for (const job of batch) this.#alone(job)
      return
    }
    for (const job of batch) job.resolve()
  }

  #alone(job: Job): void {
    try {
      this.#transact([job])
    } catch (error) {
      job.reject(storageError(error, { file: this.#database.name }))
      return
    }
    job.resolve()
  }

  #transact(batch: readonly Job[]): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      for (const job of batch) job.run()
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}
