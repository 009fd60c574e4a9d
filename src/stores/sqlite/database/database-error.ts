import { errnoOf, storageError } from '../../../core/errno.ts'
import { GroveError } from '../../../core/errors.ts'
import { noRight } from './rights.ts'

/** What SQLite says of a file whose bytes are not what it wrote. */
const DAMAGED = /^SQLITE_(CORRUPT|NOTADB)/
const READ_ONLY = /^SQLITE_READONLY/

/** The GroveError for a failure of SQLite. One that people can mend says what can be done. */
export function databaseError(cause: unknown, file: string): GroveError {
  const errno = errnoOf(cause)
  if (READ_ONLY.test(errno)) return noRight(file, cause)
  if (cause instanceof GroveError || !DAMAGED.test(errno)) return storageError(cause, { file })
  const message =
    `${file} is damaged (${errno}): put it back from a backup, or move it away together with the ` +
    'files beside it, begin anew, and fetch from other groves what they hold'
  return new GroveError('storage-failed', { file, errno }, { cause, message })
}
