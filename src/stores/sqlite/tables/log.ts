import { statSync } from 'node:fs'
import { hexDigits, type Random } from '../../../core/random.ts'
import type { Connection } from '../database/connection.ts'

interface Row {
  readonly id: string | null
  readonly file: string | null
}

/**
 * The id of the log in a database file. It is drawn anew where the file has none, and where the
 * file is a copy: the original and the copy will give the same numbers to different contributions.
 * A copy that was written over the original in place is not noticed. Throws `storage-full`,
 * `storage-failed`.
 */
export function openLog(connection: Connection, file: string, random: Random): string {
  return connection.write(() => {
    const identity = identityOf(file)
    const row = connection.sql<[], Row>('SELECT id, file FROM log').get()
    if (typeof row?.id === 'string' && row.file === identity) return row.id
    const id = hexDigits(random, 16)
    connection.sql('UPDATE log SET id = ?, file = ? WHERE rowid = 1').run(id, identity)
    return id
  })
}

/** The number that was given last. */
export function lastSeq(connection: Connection): number {
  return connection.sql<[], { last_seq: number }>('SELECT last_seq FROM log').get()?.last_seq ?? 0
}

/** Notes the number that is given last; inside the transaction that gives it. */
export function setLastSeq(connection: Connection, seq: number): void {
  connection.sql('UPDATE log SET last_seq = ? WHERE rowid = 1').run(seq)
}

/** What tells a file from its copy: its inode, and when that was made. */
function identityOf(file: string): string {
  const { ino, birthtimeNs } = statSync(file, { bigint: true })
  return `${ino} ${birthtimeNs}`
}
