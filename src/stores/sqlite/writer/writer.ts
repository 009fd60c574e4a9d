import { cidToBytes } from '../../../core/cid.ts'
import type { Contribution } from '../../../core/contribution/contribution.ts'
import type { Manifest } from '../../../core/contribution/schema.ts'
import { isGroveError } from '../../../core/errors.ts'
import { Connection } from '../database/connection.ts'
import { addPromises } from '../tables/stubs.ts'
import { ContributionWriter } from './contribution-writer.ts'
import { failure, type Job, type Outcome } from './jobs.ts'

const PUT_BLOB = 'INSERT INTO blob (hash, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING'
const SET_RECORD = `
  INSERT INTO record (space, key, value) VALUES (?, ?, ?)
  ON CONFLICT DO UPDATE SET value = excluded.value`

/** Carries out batches of jobs, each batch in one transaction. Runs in the thread that writes. */
export class Writer {
  readonly #connection: Connection
  readonly #contributions: ContributionWriter

  constructor(file: string) {
    this.#connection = new Connection(file)
    this.#contributions = new ContributionWriter(this.#connection)
  }

  /** The outcome of each job. Where one fails its neighbours are done again, each in a transaction of its own. */
  commit(jobs: readonly Job[]): Outcome[] {
    try {
      return this.#connection.write(() => jobs.map((job) => this.#done(job)))
    } catch (error) {
      if (!isGroveError(error)) throw error
      return jobs.length === 1 ? [failure(error)] : jobs.flatMap((job) => this.commit([job]))
    }
  }

  close(): void {
    this.#connection.close()
  }

  #done(job: Job): Outcome {
    return { type: 'done', changed: this.#run(job) }
  }

  /** Whether it changed anything. */
  #run(job: Job): boolean {
    const connection = this.#connection
    switch (job.type) {
      case 'put-contribution':
        return this.#contributions.put(contributionOf(job), job.provenance)
      case 'add-promises':
        return addPromises(connection, job.cid, job.promisedBy, job.since)
      case 'put-blob':
        return connection.sql(PUT_BLOB).run(cidToBytes(job.hash), job.bytes).changes > 0
      case 'delete-blob':
        return (
          connection.sql('DELETE FROM blob WHERE hash = ?').run(cidToBytes(job.hash)).changes > 0
        )
      case 'set-record':
        return connection.sql(SET_RECORD).run(job.space, job.key, job.value).changes > 0
      case 'delete-record':
        return (
          connection.sql('DELETE FROM record WHERE space = ? AND key = ?').run(job.space, job.key)
            .changes > 0
        )
    }
  }
}

function contributionOf({ cid, bytes }: Extract<Job, { type: 'put-contribution' }>): Contribution {
  return {
    cid,
    bytes,
    manifest: JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
    ) as Manifest,
    attestations: [],
  }
}
