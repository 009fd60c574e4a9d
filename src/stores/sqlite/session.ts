import { storageError } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'
import type { NextTurn } from '../../ports/stores.ts'
import { CommitQueue } from './commit-queue.ts'
import { type Database, openDatabase, type Statement } from './database.ts'

/** An open database, shared by the stores that live in it: reads at once, writes through the commit queue. */
export class Session {
  readonly #database: Database
  readonly #queue: CommitQueue
  readonly #statements = new Map<string, Statement<unknown[]>>()

  /** Throws what `openDatabase` throws. */
  constructor(file: string, nextTurn: NextTurn) {
    this.#database = openDatabase(file)
    this.#queue = new CommitQueue(this.#database, nextTurn)
  }

  /** The prepared statement of a text, prepared once. `Row` is what the text selects. */
  sql<Parameters extends unknown[], Row = unknown>(text: string): Statement<Parameters, Row> {
    const known = this.#statements.get(text)
    if (known !== undefined) return known as Statement<Parameters, Row>
    const statement = this.#database.prepare<Parameters, Row>(text)
    this.#statements.set(text, statement as Statement<unknown[]>)
    return statement as Statement<Parameters, Row>
  }

  /** Runs synchronous reads. Throws `shutting-down` after close, `storage-failed`. */
  async read<T>(work: () => T): Promise<T> {
    if (!this.#database.open) throw new GroveError('shutting-down')
    try {
      return work()
    } catch (cause) {
      throw storageError(cause, { file: this.#database.name })
    }
  }

  /** Runs synchronous work in a transaction that it may share; resolves once it is durable. Work may be run again after a rollback. */
  write<T>(work: () => T): Promise<T> {
    return this.#queue.write(work)
  }

  /** Commits what is waiting and closes the file. */
  close(): void {
    this.#queue.close()
    this.#database.close()
  }
}
