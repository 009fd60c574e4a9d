import type { Manifest } from '../../../core/contribution/schema.ts'
import { isGroveError } from '../../../core/errors.ts'
import type { SigningKey } from '../../../core/identity/ed25519.ts'
import { signOrigins } from '../../../core/identity/origin.ts'
import type { Stored } from '../../../ports/contribution-store.ts'
import { Connection } from '../database/connection.ts'
import { DatabaseFile } from '../database/database-file.ts'
import { deleteFileStamp, setFileStamp } from '../tables/blob-files.ts'
import { deleteBlob, deleteDamagedBlob, putBlob } from '../tables/blobs.ts'
import { beginEpoch } from '../tables/log.ts'
import { type OriginRow, rowOfOrigin } from '../tables/origins.ts'
import { compareAndSetRecord, deleteRecord, setRecord } from '../tables/records.ts'
import { addPromises } from '../tables/stubs.ts'
import { WordIndex } from '../tables/word-index.ts'
import { ContributionWriter } from './contribution-writer.ts'
import { type Committed, failure, type Job, type JobBatch, type Outcome } from './jobs.ts'

/** A job that was carried out, and what it took, in ms. */
interface Done {
  readonly outcome: Outcome
  readonly ms: number
}

/**
 * Bytes of pages that the writer caches: enough for the upper levels of the indexes. When a page
 * was split, SQLite walks through its whole cache at the commit: 32 MiB of it cost 60 µs a publish
 * at 10^5 contributions. Pages that aren't here come from the system's cache.
 */
const WRITER_CACHE_BYTES = 2 * 1024 * 1024

/**
 * Publishes under one signature. The path of one among more has a fourth hash, with which the row
 * of its origin outgrows a page of 1 KiB of an index (231 bytes: SQLite's file format, §1.6), and
 * takes a page more of its own: that costs more than another signature.
 */
const SIGNED_TOGETHER_MAX = 8

/** Carries out batches of jobs, each batch in one transaction. Runs in the writer's thread. */
export class Writer {
  readonly #connection: Connection
  readonly #contributions: ContributionWriter
  readonly #file: DatabaseFile
  readonly #now: () => number
  /** Whether the last batch was not done whole. */
  #hasLeft = false
  #key: SigningKey | undefined

  /** `now`: in ms. Default: all takes no time. */
  constructor(file: string, now = () => 0) {
    this.#connection = new Connection(file, { cacheBytes: WRITER_CACHE_BYTES })
    this.#file = new DatabaseFile(file)
    this.#contributions = new ContributionWriter(this.#connection)
    this.#now = now
  }

  /** The outcome of each job. All fail where the file that has them is not the one at its path. */
  commit(jobs: readonly Job[]): readonly Outcome[] {
    return this.commitWithin({ jobs, maxMs: Number.POSITIVE_INFINITY, isAhead: false }).outcomes
  }

  /**
   * The same of those jobs that are begun within the time of the batch: the first one, unless jobs
   * before it were left over.
   */
  commitWithin({ jobs, maxMs, isAhead }: JobBatch): Committed {
    if (isAhead && this.#hasLeft) return { outcomes: [], workMs: [], allMs: 0 }
    const begun = this.#now()
    const done = this.#inFile(this.#signed(jobs), begun + maxMs)
    this.#hasLeft = done.length < jobs.length
    return {
      outcomes: done.map(({ outcome }) => outcome),
      workMs: done.map(({ ms }) => ms),
      allMs: this.#now() - begun,
    }
  }

  /** With this key. Undefined: no more. */
  signWith(key: SigningKey | undefined): void {
    this.#key = key
  }

  close(): void {
    this.#connection.close()
  }

  /** The jobs with an origin of this grove's key in each that publishes: several share one. */
  #signed(jobs: readonly Job[]): readonly Job[] {
    const key = this.#key
    const published = key === undefined ? [] : jobs.filter(isPublish)
    if (key === undefined || published.length === 0) return jobs
    const at = Math.max(...published.map(({ provenance }) => provenance.receivedAt))
    const origins: OriginRow[] = []
    for (let from = 0; from < published.length; from += SIGNED_TOGETHER_MAX) {
      const cids = published.slice(from, from + SIGNED_TOGETHER_MAX).map(({ cid }) => cid)
      origins.push(...signOrigins(key, cids, at).map(rowOfOrigin))
    }
    return jobs.map((job) =>
      isPublish(job) ? { ...job, origins: [...(job.origins ?? []), ...origins.splice(0, 1)] } : job,
    )
  }

  #inFile(jobs: readonly Job[], deadline: number): Done[] {
    try {
      this.#file.require()
      const done = this.#committed(jobs, deadline)
      // What happened to the file meanwhile shows afterwards only.
      this.#file.requireCommitted()
      return done
    } catch (error) {
      if (!isGroveError(error)) throw error
      return jobs.map(() => ({ outcome: failure(error), ms: 0 }))
    }
  }

  /** If one job fails, all are done again, each in its own transaction. */
  #committed(jobs: readonly Job[], deadline: number): Done[] {
    try {
      return this.#transaction(() => this.#until(deadline, jobs, (job) => this.#done(job)))
    } catch (error) {
      if (!isGroveError(error)) throw error
      return this.#until(deadline, jobs, (job) => this.#committedAlone(job))
    }
  }

  #transaction<T>(work: () => T): T {
    this.#contributions.recount.begin()
    return this.#connection.write(work)
  }

  #committedAlone(job: Job): Outcome {
    try {
      return this.#transaction(() => this.#done(job))
    } catch (error) {
      if (!isGroveError(error)) throw error
      return failure(error)
    }
  }

  /** Jobs are begun until a moment, the first one in any case. */
  #until(deadline: number, jobs: readonly Job[], work: (job: Job) => Outcome): Done[] {
    const done: Done[] = []
    let begun = this.#now()
    for (const job of jobs) {
      if (done.length > 0 && begun >= deadline) break
      const outcome = work(job)
      const ended = this.#now()
      done.push({ outcome, ms: ended - begun })
      begun = ended
    }
    return done
  }

  #sign({ cids, at }: Extract<Job, { type: 'sign' }>): boolean {
    if (this.#key === undefined) return false
    const rows = signOrigins(this.#key, cids, at).map(rowOfOrigin)
    const changed = cids.filter((cid, n) =>
      this.#contributions.addOrigins({ cid, origins: rows.slice(n, n + 1), from: 'local' }),
    )
    return changed.length > 0
  }

  #done(job: Job): Outcome {
    if (job.type !== 'recount') return { type: 'done', changed: this.#run(job) }
    const step = this.#contributions.recount.step()
    return { type: 'done', changed: step.hasMoved, step }
  }

  /** Whether it changed anything. */
  #run(job: Exclude<Job, { type: 'recount' }>): boolean {
    const connection = this.#connection
    switch (job.type) {
      case 'put-contribution':
        for (const { hash, bytes } of job.pending ?? []) putBlob(connection, hash, bytes)
        return this.#contributions.put(storedOf(job), job.origins)
      case 'add-origins':
        return this.#contributions.addOrigins(job)
      case 'judge':
        return this.#contributions.recount.replaceRules(job.counting)
      case 'sign':
        return this.#sign(job)
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

type Publish = Extract<Job, { type: 'put-contribution' }>

const isPublish = (job: Job): job is Publish =>
  job.type === 'put-contribution' && job.provenance.origin === 'local'

function storedOf(job: Extract<Job, { type: 'put-contribution' }>): Stored {
  const { cid, bytes, provenance } = job
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  return { cid, bytes, manifest: JSON.parse(text) as Manifest, attestations: [], provenance }
}
