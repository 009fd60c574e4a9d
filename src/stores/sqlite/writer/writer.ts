import type { Manifest } from '../../../core/contribution/schema.ts'
import { isGroveError } from '../../../core/errors.ts'
import type { Stored } from '../../../ports/contribution-store.ts'
import { Connection } from '../database/connection.ts'
import { DatabaseFile } from '../database/database-file.ts'
import { deleteFileStamp, setFileStamp } from '../tables/blob-files.ts'
import { deleteBlob, deleteDamagedBlob, putBlob } from '../tables/blobs.ts'
import { beginEpoch } from '../tables/log.ts'
import { compareAndSetRecord, deleteRecord, setRecord } from '../tables/records.ts'
import { addPromises } from '../tables/stubs.ts'
import { WordIndex } from '../tables/word-index.ts'
import { ContributionWriter } from './contribution-writer.ts'
import { failure, type Job, type Outcome } from './jobs.ts'

/**
 * Bytes of pages that the writer caches: enough for the upper levels of the indexes. When a page
 * was split, SQLite walks through its whole cache at the commit: 32 MiB of it cost 60 µs a publish
 * at 10^5 contributions. Pages that aren't here come from the system's cache.
 */
const WRITER_CACHE_BYTES = 2 * 1024 * 1024

/** Carries out batches of jobs, each batch in one transaction. Runs in the writer's thread. */
export class Writer {
  readonly #connection: Connection
  readonly #contributions: ContributionWriter
  readonly #file: DatabaseFile

  constructor(file: string) {
    this.#connection = new Connection(file, { cacheBytes: WRITER_CACHE_BYTES })
    this.#file = new DatabaseFile(file)
    this.#contributions = new ContributionWriter(this.#connection)
  }

  /** The outcome of each job. All fail where the file that has them is not the one at its path. */
  commit(jobs: readonly Job[]): Outcome[] {
    try {
      this.#file.require()
      const outcomes = this.#committed(jobs)
      // What happened to the file meanwhile shows afterwards only.
      this.#file.requireCommitted()
      return outcomes
    } catch (error) {
      if (!isGroveError(error)) throw error
      return jobs.map(() => failure(error))
    }
  }

  close(): void {
    this.#connection.close()
  }

  /** If one job fails, all are done again, each in its own transaction. */
  #committed(jobs: readonly Job[]): Outcome[] {
    try {
      return this.#connection.write(() => jobs.map((job) => this.#done(job)))
    } catch (error) {
      if (!isGroveError(error)) throw error
      return jobs.length === 1 ? [failure(error)] : jobs.flatMap((job) => this.#committed([job]))
    }
  }

  #done(job: Job): Outcome {
    return { type: 'done', changed: this.#run(job) }
  }

  /** Whether it changed anything. */
  #run(job: Job): boolean {
    const connection = this.#connection
    switch (job.type) {
      case 'put-contribution':
        for (const { hash, bytes } of job.pending ?? []) putBlob(connection, hash, bytes)
        return this.#contributions.put(storedOf(job), job.origins)
      case 'add-origins':
        return this.#contributions.addOrigins(job)
      case 'add-promises':
        return addPromises(connection, job.cid, job.promisedBy, job.since)
      case 'put-blob':
        return putBlob(connection, job.hash, job.bytes)
      case 'delete-blob':
        return deleteBlob(connection, job.hash)
      case 'delete-damaged-blob':
        return deleteDamagedBlob(connection, job.hash, job.bytes)
      case 'set-file-stamp':
        return setFileStamp(connection, job.hash, job.stamp)
      case 'delete-file-stamp':
        return deleteFileStamp(connection, job.hash)
      case 'set-record':
        return setRecord(connection, job.space, job.key, job.value)
      case 'compare-and-set-record':
        return compareAndSetRecord(connection, job)
      case 'begin-epoch':
        return beginEpoch(connection, job)
      case 'build-words':
        return new WordIndex(connection).build()
      case 'delete-record':
        return deleteRecord(connection, job.space, job.key)
    }
  }
}

function storedOf(job: Extract<Job, { type: 'put-contribution' }>): Stored {
  const { cid, bytes, provenance } = job
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  return { cid, bytes, manifest: JSON.parse(text) as Manifest, attestations: [], provenance }
}
