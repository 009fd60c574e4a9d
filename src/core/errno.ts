import { type ErrorCode, type ErrorDetails, GroveError } from './errors.ts'

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'storage-full',
  EDQUOT: 'storage-full',
  EFBIG: 'storage-full',
  SQLITE_FULL: 'storage-full',
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

/**
 * The GroveError for a failed system call: `storage-full`, `read-only`, otherwise `storage-failed`,
 * with the system's code as the detail `errno`. A GroveError is returned as it is.
 */
export function storageError(cause: unknown, details: ErrorDetails): GroveError {
  if (cause instanceof GroveError) return cause
  const errno = errnoOf(cause)
  const code = codes[errno] ?? codes[errno.split('_', 2).join('_')] ?? 'storage-failed'
  return new GroveError(code, errno === '' ? details : { ...details, errno }, { cause })
}
