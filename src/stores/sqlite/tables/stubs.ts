import { type Cid, cidFromBytes, cidToBytes } from '../../../core/cid.ts'
import { STUBS_MAX } from '../../../core/limits.ts'
import { timestamp } from '../../../core/time.ts'
import type { Stub } from '../../../core/wire/federation.ts'
import type { Connection } from '../database/connection.ts'

interface Row {
  readonly cid: Uint8Array
  readonly since_ms: number
  readonly promised_by: string
}

const UPSERT = `
  INSERT INTO stub (cid, since_ms, promised_by) VALUES (?, ?, ?)
  ON CONFLICT DO UPDATE SET promised_by = excluded.promised_by`

/** Stubs that go at once, so that a flood of them costs little. */
const ROOM = 64

/** The oldest stubs of one group: those that nobody promised, else the largest. */
const MAKE_ROOM = `
  DELETE FROM stub WHERE cid IN (
    SELECT cid FROM stub WHERE promised_by = (
      SELECT promised_by FROM stub GROUP BY promised_by
      ORDER BY promised_by = '[]' DESC, count(*) DESC, min(since_ms), promised_by LIMIT 1)
    ORDER BY since_ms, cid LIMIT ${ROOM})`

/**
 * Adds promises to the stub of an absent contribution; inside a transaction. The moment of the
 * first promise stays, and a new stub makes room for itself. False where the contribution is here.
 */
export function addPromises(
  connection: Connection,
  cid: Cid,
  promisedBy: readonly string[],
  since: number,
): boolean {
  const key = cidToBytes(cid)
  const isHere =
    connection.sql<[Uint8Array]>('SELECT 1 FROM contribution WHERE cid = ?').get(key) !== undefined
  if (isHere) return false
  const known = rowOf(connection, cid)
  const all = new Set([...(known === undefined ? [] : promisesOf(known)), ...promisedBy])
  if (known === undefined && countStubs(connection) >= STUBS_MAX) connection.sql(MAKE_ROOM).run()
  connection.sql(UPSERT).run(key, since, JSON.stringify([...all]))
  return true
}

export function findStub(connection: Connection, cid: Cid): Stub | undefined {
  const row = rowOf(connection, cid)
  return row === undefined ? undefined : stubOf(row)
}

export function countStubs(connection: Connection): number {
  return (
    connection.sql<[], { stubs: number }>('SELECT count(*) AS stubs FROM stub').get()?.stubs ?? 0
  )
}

/** Stubs, oldest first, ties by cid. */
export function listStubs(connection: Connection, limit: number): Stub[] {
  return connection
    .sql<[number], Row>(
      'SELECT cid, since_ms, promised_by FROM stub ORDER BY since_ms, cid LIMIT ?',
    )
    .all(limit)
    .map(stubOf)
}

function rowOf(connection: Connection, cid: Cid): Row | undefined {
  return connection
    .sql<[Uint8Array], Row>('SELECT cid, since_ms, promised_by FROM stub WHERE cid = ?')
    .get(cidToBytes(cid))
}

function stubOf(row: Row): Stub {
  return {
    cid: cidFromBytes(row.cid),
    promisedBy: promisesOf(row),
    since: timestamp(row.since_ms),
  }
}

function promisesOf(row: Row): string[] {
  return JSON.parse(row.promised_by) as string[]
}
