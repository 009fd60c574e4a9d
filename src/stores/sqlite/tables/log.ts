import type { Epoch } from '../../epochs.ts'
import type { Connection } from '../database/connection.ts'

/**
 * The epochs of the log, ascending. One that has no entry may have been begun again after the same
 * number.
 */
export function epochsOf(connection: Connection): Epoch[] {
  return connection.sql<[], Epoch>('SELECT id, after FROM epoch ORDER BY rowid').all()
}

/** False where it was begun already. */
export function beginEpoch(connection: Connection, { id, after }: Epoch): boolean {
  const begun = connection.sql('INSERT OR IGNORE INTO epoch (id, after) VALUES (?, ?)')
  return begun.run(id, after).changes > 0
}

/** The number that was given last. */
export function lastSeq(connection: Connection): number {
  return connection.sql<[], { last_seq: number }>('SELECT last_seq FROM log').get()?.last_seq ?? 0
}

/** Notes the number that is given last; inside the transaction that gives it. */
export function setLastSeq(connection: Connection, seq: number): void {
  connection.sql('UPDATE log SET last_seq = ? WHERE rowid = 1').run(seq)
}
