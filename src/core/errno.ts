import { type ErrorCode, type ErrorDetails, GroveError } from './errors.ts'

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'storage-full',
  EDQUOT: 'storage-full',
  EFBIG: 'storage-full',
  SQLITE_FULL: 'storage-full',
  EMFILE: 'resource-exhausted',
  ENFILE: 'resource-exhausted',
  ENOBUFS: 'resource-exhausted',
  ENOMEM: 'resource-exhausted',
  SQLITE_NOMEM: 'resource-exhausted',
  EROFS: 'read-only',
  EACCES: 'read-only',
  EPERM: 'read-only',
  SQLITE_READONLY: 'read-only',
}

const noRight = 'this user has no permission'

/** What system errors say, where people can do something about it. */
const words: Readonly<Record<string, string>> = {
  ENOSPC: 'its disk is full',
  SQLITE_FULL: 'its disk is full',
  EDQUOT: "this user's share of its disk is full",
  EMFILE: 'this process has too many files open',
  EROFS: 'its disk is read-only',
  EACCES: noRight,
  EPERM: noRight,
}

/** The `code` of a system error, such as `ENOENT`; '' if it has none. */
export function errnoOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

/** True if the system has no descriptors, buffers or memory left for this process. */
export const isExhausted = (error: unknown): boolean =>
  codes[errnoOf(error)] === 'resource-exhausted'

/**
 * The GroveError for a failed system call: `storage-full`, `read-only`, `resource-exhausted`,
 * otherwise `storage-failed`, with the system's code as the detail `errno`. A GroveError is
 * returned as it is.
 */
export function storageError(cause: unknown, details: ErrorDetails): GroveError {
  if (cause instanceof GroveError) return cause
  const errno = errnoOf(cause)
  const code = codes[errno] ?? codes[errno.split('_', 2).join('_')] ?? 'storage-failed'
  const place = [details.path, details.file, details.dir].find((name) => typeof name === 'string')
  const said = words[errno] !== undefined && place !== undefined
  const message = said ? { message: `${place}: ${words[errno]} (${errno})` } : {}
  return new GroveError(code, errno === '' ? details : { ...details, errno }, { cause, ...message })
}
