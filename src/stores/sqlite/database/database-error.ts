import { errnoOf, storageError } from '../../../core/errno.ts'
import { GroveError } from '../../../core/errors.ts'

/** What SQLite says of a file whose bytes are not what it wrote. */
const DAMAGED = /^SQLITE_(CORRUPT|NOTADB)/

/** The GroveError for a failure of SQLite. One for a damaged file says what can be done. */
export function databaseError(cause: unknown, file: string): GroveError {
  const errno = errnoOf(cause)
  if (cause instanceof GroveError || !DAMAGED.test(errno)) return storageError(cause, { file })
  const message =
    `${file} is damaged (${errno}): put it back from a backup, or move it away together with the ` +
    'files beside it, begin anew, and fetch from other groves what they hold'
  return new GroveError('storage-failed', { file, errno }, { cause, message })
}
