import { type Cid, cidToBytes, hashBytes } from '../../../core/cid.ts'
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

/**
 * Those of `hashes` that are not here, in their order. Bytes are hashed again: whoever publishes
 * what is damaged must be asked to send it.
 */
export function missingBlobs(connection: Connection, hashes: readonly Cid[]): Cid[] {
  return hashes.filter((hash) => {
    const bytes = blobOf(connection, hash)
    return bytes === undefined || hashBytes(bytes) !== hash
  })
}

/** Inside a transaction. Whether it changed anything: false where the same bytes were here. */
export function putBlob(connection: Connection, hash: Cid, bytes: Uint8Array): boolean {
  const insert = connection.sql(
    `INSERT INTO blob (hash, bytes) VALUES (?, ?)
     ON CONFLICT (hash) DO UPDATE SET bytes = excluded.bytes WHERE bytes <> excluded.bytes`,
  )
  return insert.run(cidToBytes(hash), bytes).changes > 0
}

/** Inside a transaction. Whether there was such a blob. */
export function deleteBlob(connection: Connection, hash: Cid): boolean {
  return connection.sql('DELETE FROM blob WHERE hash = ?').run(cidToBytes(hash)).changes > 0
}

/** Inside a transaction. Deletes a blob that still has these bytes; whether it had. */
export function deleteDamagedBlob(connection: Connection, hash: Cid, bytes: Uint8Array): boolean {
  const remove = connection.sql('DELETE FROM blob WHERE hash = ? AND bytes = ?')
  return remove.run(cidToBytes(hash), bytes).changes > 0
}
