import { chmodSync, statSync } from 'node:fs'
import { GroveError } from '../../../core/errors.ts'
import { PRIVATE_FILE } from '../../fs/modes.ts'

/** The bits that let the owner of a file read and write it. */
const OWNER = 0o600

/** A database and what SQLite makes beside it, each with the mode that the database then has. */
const filesOf = (file: string): string[] => [file, `${file}-wal`, `${file}-shm`]

/** What a write to a database gets that this user may not write. It names the files at fault. */
export function noRight(file: string, cause: unknown): GroveError {
  const closed = filesOf(file).filter((path) => !isOpenToOwner(path))
  const files = closed.length === 0 ? [file] : closed
  const names = files.join(' ')
  const message =
    `this user may not write ${files.join(', ')}: nothing can be stored until ` +
    `\`chmod u+rw ${names}\`, or until they belong to this user`
  return new GroveError('read-only', { file, files, errno: 'SQLITE_READONLY' }, { cause, message })
}

/**
 * Gives the files beside a database its owner's rights again: they were made while it had none.
 * Whether the owner may use all of them now, as far as their modes say.
 */
export function mendRights(file: string): boolean {
  if (!isOpenToOwner(file)) return false
  const [, ...beside] = filesOf(file)
  for (const path of beside) {
    if (isOpenToOwner(path)) continue
    try {
      chmodSync(path, PRIVATE_FILE)
    } catch {
      // It belongs to somebody else: the write that follows says so.
      return false
    }
  }
  return true
}

/** True too for a file that isn't there. */
function isOpenToOwner(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined || (found.mode & OWNER) === OWNER
}
