import { canonicalText, type JsonObject } from '../../core/canonical.ts'
import type { RecordStore } from '../../ports/record-store.ts'
import type { Session } from './session.ts'

/** Records in the table `record`, as JSON text. */
export class SqliteRecords implements RecordStore {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  get(space: string, key: string): Promise<JsonObject | undefined> {
    return this.#session.read(() => {
      const select = this.#session.sql<[string, string], { value: string }>(
        'SELECT value FROM record WHERE space = ? AND key = ?',
      )
      const row = select.get(space, key)
      return row === undefined ? undefined : (JSON.parse(row.value) as JsonObject)
    })
  }

  async set(space: string, key: string, value: JsonObject): Promise<void> {
    const text = canonicalText(value)
    const upsert =
      'INSERT INTO record (space, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value'
    await this.#session.write(() => this.#session.sql(upsert).run(space, key, text))
  }

  async delete(space: string, key: string): Promise<void> {
    await this.#session.write(() => this.#session.sql('DELETE FROM record WHERE space = ? AND key = ?').run(space, key))
  }

  list(space: string): Promise<{ key: string; value: JsonObject }[]> {
    return this.#session.read(() => {
      const select = this.#session.sql<[string], { key: string; value: string }>(
        'SELECT key, value FROM record WHERE space = ? ORDER BY key',
      )
      return select.all(space).map(({ key, value }) => ({ key, value: JSON.parse(value) as JsonObject }))
    })
  }

  async close(): Promise<void> {}
}
