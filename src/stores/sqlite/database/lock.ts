import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { errnoOf, storageError } from '../../../core/errno.ts'
import { GroveError } from '../../../core/errors.ts'
import { makePrivateFile } from '../../fs/private-file.ts'

/**
 * Locks a directory for this process; the returned function unlocks it. SQLite locks an empty file
 * for us: the system releases that lock however the process ends. Throws `storage-locked`,
 * `read-only`, `storage-failed`.
 */
export function lockDirectory(dir: string): () => void {
  let lock: Sqlite.Database | undefined
  try {
    makePrivateFile(join(dir, 'lock.db'))
    lock = new Sqlite(join(dir, 'lock.db'), { timeout: 0 })
    // A journal on the disk would need room for a lock that changes nothing.
    lock.pragma('journal_mode = MEMORY')
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock?.close()
    if (errnoOf(cause).startsWith('SQLITE_BUSY')) throw locked(dir, cause)
    throw storageError(cause, { dir })
  }
  const held = lock
  return () => held.close()
}

function locked(dir: string, cause: unknown): GroveError {
  const message =
    `${dir} is in use by another grove: ` +
    'stop it, talk to it with --server, or use another directory'
  return new GroveError('storage-locked', { dir }, { cause, message })
}
