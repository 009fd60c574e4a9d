import type { Random } from '../../core/random.ts'
import type { NextTurn } from '../../ports/stores.ts'
import { Connection } from './database/connection.ts'
import type { Answer, Query, QueryType } from './reader/query.ts'
import { Reader } from './reader/reader.ts'
import { openLog } from './tables/log.ts'
import { CommitQueue } from './writer/commit-queue.ts'
import type { Job } from './writer/jobs.ts'

/**
 * An open database, shared by the stores that live in it. Reads are answered here and at once;
 * writes go through the commit queue.
 */
export class Session {
  readonly #connection: Connection
  readonly #reader: Reader
  readonly logId: string
  readonly #queue: CommitQueue

  /** Throws what `openDatabase` throws. */
  constructor(file: string, { nextTurn, random }: { nextTurn: NextTurn; random: Random }) {
    this.#connection = new Connection(file)
    try {
      this.logId = openLog(this.#connection, file, random)
    } catch (error) {
      this.#connection.close()
      throw error
    }
    this.#reader = new Reader(this.#connection)
    this.#queue = new CommitQueue(file, nextTurn)
  }

  async read<T extends QueryType>(query: Query<T>): Promise<Answer<T>> {
    return this.#reader.answer(query)
  }

  /** Resolves once the job is durable, and visible to `read`, with whether it changed anything. */
  write(job: Job): Promise<boolean> {
    return this.#queue.write(job)
  }

  /** Commits what is waiting and closes the file. */
  async close(): Promise<void> {
    await this.#queue.close()
    this.#connection.close()
  }
}
