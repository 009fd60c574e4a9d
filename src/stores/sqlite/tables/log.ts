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

/** Notes the number of a new contribution; inside the transaction that gives it. */
export function noteContribution(connection: Connection, seq: number): void {
  // By row number, though there is only one row: see `ContributionWriter`.
  connection
    .sql('UPDATE log SET last_seq = ?, contributions = contributions + 1 WHERE rowid = 1')
    .run(seq)
}

export function countContributions(connection: Connection): number {
  return (
    connection.sql<[], { contributions: number }>('SELECT contributions FROM log').get()
      ?.contributions ?? 0
  )
}
