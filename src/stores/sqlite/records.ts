import { canonicalText, type JsonObject } from '../../core/canonical.ts'
import type { RecordStore } from '../../ports/record-store.ts'
import type { Session } from './session.ts'

interface Row {
  readonly key: string
  readonly value: string
}

/** Records in the table `record`, as JSON text. */
export class SqliteRecords implements RecordStore {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  get(space: string, key: string): Promise<JsonObject | undefined> {
    return this.#session.read((connection) => {
      const row = connection
        .sql<[string, string], Row>('SELECT key, value FROM record WHERE space = ? AND key = ?')
        .get(space, key)
      return row === undefined ? undefined : recordOf(row)
    })
  }

  async set(space: string, key: string, value: JsonObject): Promise<void> {
    await this.#session.write({ type: 'set-record', space, key, value: canonicalText(value) })
  }

  async delete(space: string, key: string): Promise<void> {
    await this.#session.write({ type: 'delete-record', space, key })
  }

  list(space: string): Promise<{ key: string; value: JsonObject }[]> {
    return this.#session.read((connection) => {
      const rows = connection
        .sql<[string], Row>('SELECT key, value FROM record WHERE space = ? ORDER BY key')
        .all(space)
      return rows.map((row) => ({ key: row.key, value: recordOf(row) }))
    })
  }

  async close(): Promise<void> {}
}

const recordOf = (row: Row): JsonObject => JSON.parse(row.value) as JsonObject
