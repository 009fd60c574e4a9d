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
  return new GroveError(code, errno === '' ? details : { ...details, errno }, { cause })
}
