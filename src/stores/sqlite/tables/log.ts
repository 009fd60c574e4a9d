import { statSync } from 'node:fs'
import { hexDigits, type Random } from '../../../core/random.ts'
import type { Connection } from '../database/connection.ts'

interface Row {
  readonly id: string | null
  readonly file: string | null
}

/**
 * The id of the log in a file, drawn where there is none or where it was drawn for another file:
 * a copy that takes contributions of its own gives the same numbers to different ones. A copy that
 * is written over the file itself is not noticed. Throws `storage-full`, `storage-failed`.
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

/** Gives a number away; inside the transaction that uses it. */
export function setLastSeq(connection: Connection, seq: number): void {
  connection.sql('UPDATE log SET last_seq = ? WHERE rowid = 1').run(seq)
}

/** What a copy of a file doesn't share with it: the inode, and the moment at which that was made. */
function identityOf(file: string): string {
  const { ino, birthtimeNs } = statSync(file, { bigint: true })
  return `${ino} ${birthtimeNs}`
}
