import { type Cid, cidToBytes } from '../../../core/cid.ts'
import type { Connection } from '../database/connection.ts'

export function blobOf(connection: Connection, hash: Cid): Uint8Array | undefined {
  return connection
    .sql<[Uint8Array], { bytes: Uint8Array }>('SELECT bytes FROM blob WHERE hash = ?')
    .get(cidToBytes(hash))?.bytes
}

/** Size in bytes; undefined where there is none. Reads no content. */
export function blobSize(connection: Connection, hash: Cid): number | undefined {
  return connection
    .sql<[Uint8Array], { size: number }>('SELECT length(bytes) AS size FROM blob WHERE hash = ?')
    .get(cidToBytes(hash))?.size
}

/** Those of `hashes` that are not here, in their order. */
export function missingBlobs(connection: Connection, hashes: readonly Cid[]): Cid[] {
  const select = connection.sql<[Uint8Array]>('SELECT 1 FROM blob WHERE hash = ?')
  return hashes.filter((hash) => select.get(cidToBytes(hash)) === undefined)
}

/** Inside a transaction. Whether it was added: false where it was here. */
export function putBlob(connection: Connection, hash: Cid, bytes: Uint8Array): boolean {
  const insert = connection.sql(
    'INSERT INTO blob (hash, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING',
  )
  return insert.run(cidToBytes(hash), bytes).changes > 0
}

/** Inside a transaction. Whether there was such a blob. */
export function deleteBlob(connection: Connection, hash: Cid): boolean {
  return connection.sql('DELETE FROM blob WHERE hash = ?').run(cidToBytes(hash)).changes > 0
}
