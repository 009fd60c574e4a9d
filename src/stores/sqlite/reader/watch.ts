import { GroveError } from '../../../core/errors.ts'

/** Looks in between whether anybody still waits for what a long read is to answer. */
export interface Watch {
  /** Throws `aborted` where nobody does. */
  check(): void
}

/** For reads that are short enough to be waited for. */
export const UNWATCHED: Watch = { check() {} }

/**
 * Watches a number that another thread sets: queries are numbered upwards, and all up to the number
 * are cancelled. SQLite can't be interrupted, so that each long statement has to look by itself.
 */
export class SharedWatch implements Watch {
  readonly #cancelled: Int32Array
  #ticket = 0

  constructor(cancelled: Int32Array) {
    this.#cancelled = cancelled
  }

  /** The number of the query that is answered from now on. */
  begin(ticket: number): void {
    this.#ticket = ticket
  }

  check(): void {
    if (Atomics.load(this.#cancelled, 0) >= this.#ticket) throw new GroveError('aborted')
  }
}
