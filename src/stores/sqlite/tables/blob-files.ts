import { type Cid, cidToBytes } from '../../../core/cid.ts'
import type { FileStamp } from '../../fs/blobs.ts'
import type { Connection } from '../database/connection.ts'

interface Row {
  readonly size: number
  readonly modified_ms: number
}

const SET = `
  INSERT INTO blob_file (hash, size, modified_ms) VALUES (?, ?, ?)
  ON CONFLICT (hash) DO UPDATE SET size = excluded.size, modified_ms = excluded.modified_ms`

/** What the file of a blob looked like when it was put; undefined where nobody noted it. */
export function fileStampOf(connection: Connection, hash: Cid): FileStamp | undefined {
  const row = connection
    .sql<[Uint8Array], Row>('SELECT size, modified_ms FROM blob_file WHERE hash = ?')
    .get(cidToBytes(hash))
  return row === undefined ? undefined : { sizeBytes: row.size, modifiedMs: row.modified_ms }
}

/** Inside a transaction. */
export function setFileStamp(
  connection: Connection,
  hash: Cid,
  { sizeBytes, modifiedMs }: FileStamp,
): boolean {
  return connection.sql(SET).run(cidToBytes(hash), sizeBytes, modifiedMs).changes > 0
}

/** Inside a transaction. */
export function deleteFileStamp(connection: Connection, hash: Cid): boolean {
  return connection.sql('DELETE FROM blob_file WHERE hash = ?').run(cidToBytes(hash)).changes > 0
}
