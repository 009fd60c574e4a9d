import { canonicalText, type JsonObject } from '../../core/canonical.ts'
import type { RecordStore } from '../../ports/record-store.ts'
import type { Session } from './session.ts'

/** Records in SQLite: its calls as jobs and queries. */
export class SqliteRecords implements RecordStore {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  get(space: string, key: string): Promise<JsonObject | undefined> {
    return this.#session.read({ type: 'record', space, key })
  }

  async set(space: string, key: string, value: JsonObject): Promise<void> {
    await this.#session.write({ type: 'set-record', space, key, value: canonicalText(value) })
  }

  compareAndSet(
    space: string,
    key: string,
    expected: JsonObject | undefined,
    next: JsonObject,
  ): Promise<boolean> {
    return this.#session.write({
      type: 'compare-and-set-record',
      space,
      key,
      expected: expected === undefined ? undefined : canonicalText(expected),
      value: canonicalText(next),
    })
  }

  async delete(space: string, key: string): Promise<void> {
    await this.#session.write({ type: 'delete-record', space, key })
  }

  list(space: string): Promise<{ key: string; value: JsonObject }[]> {
    return this.#session.read({ type: 'records', space })
  }

  async close(): Promise<void> {}
}
