import { hexDigits, type Random } from '../../core/random.ts'
import type { NextTurn } from '../../ports/stores.ts'
import { type Epoch, Epochs } from '../epochs.ts'
import { Connection } from './database/connection.ts'
import type { Answer, Query, QueryType } from './reader/query.ts'
import { Reader } from './reader/reader.ts'
import { beginEpoch, epochsOf, lastSeq } from './tables/log.ts'
import { CommitQueue } from './writer/commit-queue.ts'
import { deriveAgainIfOld } from './writer/derivation.ts'
import type { Job } from './writer/jobs.ts'

/**
 * An open database, shared by the stores that live in it. Reads are answered here and at once;
 * writes go through the commit queue.
 */
export class Session {
  readonly #connection: Connection
  readonly #reader: Reader
  readonly #queue: CommitQueue
  readonly epochs: Epochs
  /** What this opening stores belongs to it. It is noted together with the first of that. */
  readonly #epoch: Epoch
  #hasBegun = false

  /** Throws what `openDatabase` throws. */
  constructor(file: string, { nextTurn, random }: { nextTurn: NextTurn; random: Random }) {
    this.#connection = new Connection(file)
    try {
      deriveAgainIfOld(this.#connection)
      const first = { id: hexDigits(random, 16), after: 0 }
      const past = this.#connection.read(() => epochsOf(this.#connection))
      if (past.length === 0) this.#connection.write(() => beginEpoch(this.#connection, first))
      this.#epoch = {
        id: hexDigits(random, 16),
        after: this.#connection.read(() => lastSeq(this.#connection)),
      }
      const [earliest = first, ...others] = past
      this.epochs = new Epochs([earliest, ...others, this.#epoch])
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
    if (job.type === 'put-contribution' && !this.#hasBegun) this.#begin()
    return this.#queue.write(job)
  }

  /** Where this fails, positions in the epoch are not found after a restart, which is no harm. */
  #begin(): void {
    this.#hasBegun = true
    this.#queue.write({ type: 'begin-epoch', ...this.#epoch }).catch(() => {
      this.#hasBegun = false
    })
  }

  /** Commits what is waiting and closes the file. */
  async close(): Promise<void> {
    await this.#queue.close()
    this.#connection.close()
  }
}
