import type { JsonObject } from '../../../core/canonical.ts'
import type { Connection } from '../database/connection.ts'
import type { Job } from '../writer/jobs.ts'

/** A row of the table `record`. Values are canonical JSON: equal records are equal texts. */
interface Row {
  readonly key: string
  readonly value: string
}

const SET = `
  INSERT INTO record (space, key, value) VALUES (?, ?, ?)
  ON CONFLICT DO UPDATE SET value = excluded.value`

const ADD = 'INSERT INTO record (space, key, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'
const REPLACE = 'UPDATE record SET value = ? WHERE space = ? AND key = ? AND value = ?'

export function recordOf(
  connection: Connection,
  space: string,
  key: string,
): JsonObject | undefined {
  const row = connection
    .sql<[string, string], Row>('SELECT key, value FROM record WHERE space = ? AND key = ?')
    .get(space, key)
  return row === undefined ? undefined : parsed(row)
}

/** All of a space, by key, ascending. */
export function listRecords(
  connection: Connection,
  space: string,
): { key: string; value: JsonObject }[] {
  return connection
    .sql<[string], Row>('SELECT key, value FROM record WHERE space = ? ORDER BY key')
    .all(space)
    .map((row) => ({ key: row.key, value: parsed(row) }))
}

/** Inside a transaction. */
export function setRecord(
  connection: Connection,
  space: string,
  key: string,
  value: string,
): boolean {
  return connection.sql(SET).run(space, key, value).changes > 0
}

/**
 * Inside a transaction. Sets a record if it is the expected one, absent where that is undefined;
 * whether it did.
 */
export function compareAndSetRecord(
  connection: Connection,
  { space, key, expected, value }: Omit<Extract<Job, { type: 'compare-and-set-record' }>, 'type'>,
): boolean {
  const result =
    expected === undefined
      ? connection.sql(ADD).run(space, key, value)
      : connection.sql(REPLACE).run(value, space, key, expected)
  return result.changes > 0
}

/** Inside a transaction. Whether there was such a record. */
export function deleteRecord(connection: Connection, space: string, key: string): boolean {
  const remove = connection.sql('DELETE FROM record WHERE space = ? AND key = ?')
  return remove.run(space, key).changes > 0
}

const parsed = (row: Row): JsonObject => JSON.parse(row.value) as JsonObject
