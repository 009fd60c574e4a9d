import { type Cid, cidFromBytes, cidToBytes } from '../../core/cid.ts'
import type { Stub } from '../../core/wire.ts'
import { timestamp } from '../../ports/clock.ts'
import type { Session } from './session.ts'

interface Row {
  readonly cid: Uint8Array
  readonly since_ms: number
  readonly promised_by: string
}

/** Adds promises to a stub; inside a transaction. The moment of the first stays. */
export function addPromises(session: Session, cid: Cid, promisedBy: readonly string[], since: number): void {
  const key = cidToBytes(cid)
  const known = session.sql<[Uint8Array], Row>('SELECT cid, since_ms, promised_by FROM stub WHERE cid = ?').get(key)
  const all = new Set([...promisesOf(known), ...promisedBy])
  session
    .sql(
      'INSERT INTO stub (cid, since_ms, promised_by) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET promised_by = excluded.promised_by',
    )
    .run(key, since, JSON.stringify([...all]))
}

/** Stubs, oldest first, ties by cid. */
export function listStubs(session: Session, limit: number): Stub[] {
  return session
    .sql<[number], Row>('SELECT cid, since_ms, promised_by FROM stub ORDER BY since_ms, cid LIMIT ?')
    .all(limit)
    .map((row) => ({ cid: cidFromBytes(row.cid), promisedBy: promisesOf(row), since: timestamp(row.since_ms) }))
}

function promisesOf(row: Row | undefined): string[] {
  return row === undefined ? [] : (JSON.parse(row.promised_by) as string[])
}
