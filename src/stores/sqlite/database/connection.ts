import { GroveError } from '../../../core/errors.ts'
import { type Database, type DatabaseOptions, openDatabase, type Statement } from './database.ts'
import { databaseError } from './database-error.ts'

/** One connection to the database and its prepared statements. */
export class Connection {
  readonly #file: string
  #database: Database
  readonly #statements = new Map<string, Statement<unknown[]>>()

  /** Throws what `openDatabase` throws. */
  constructor(file: string, options: DatabaseOptions = {}) {
    this.#file = file
    this.#database = openDatabase(file, options)
  }

  /** Opens the file anew, which no other connection may have open. Throws as the constructor. */
  reopen(options: DatabaseOptions): void {
    this.close()
    this.#statements.clear()
    this.#database = openDatabase(this.#file, options)
  }

  /** The statement of a text, prepared once. `Row` is what the text selects. */
  sql<Parameters extends unknown[], Row = unknown>(text: string): Statement<Parameters, Row> {
    const known = this.#statements.get(text)
    if (known !== undefined) return known as Statement<Parameters, Row>
    const statement = this.#database.prepare<Parameters, Row>(text)
    this.#statements.set(text, statement as Statement<unknown[]>)
    return statement as Statement<Parameters, Row>
  }

  /**
   * Runs synchronous reads in one transaction: all see the same state. Throws `shutting-down` after
   * close, `storage-failed`.
   */
  read<T>(work: () => T): T {
    if (!this.#database.open) throw new GroveError('shutting-down')
    return this.#transact('BEGIN', work)
  }

  /**
   * Runs synchronous writes in one transaction: afterwards all are durable, or none was made.
   * Throws `storage-full`, `storage-failed`, `read-only`.
   */
  write<T>(work: () => T): T {
    return this.#transact('BEGIN IMMEDIATE', work)
  }

  close(): void {
    this.#database.close()
  }

  #transact<T>(begin: string, work: () => T): T {
    try {
      this.sql(begin).run()
      const result = work()
      this.sql('COMMIT').run()
      return result
    } catch (cause) {
      if (this.#database.inTransaction) this.sql('ROLLBACK').run()
      throw databaseError(cause, this.#file)
    }
  }
}
