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

/** The `code` of a system error, '' where it has none. */
export function errnoOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

/** A failed system call as a typed error: `storage-full`, `read-only`, otherwise `storage-failed`. A GroveError stays what it is. */
export function storageError(cause: unknown, details: ErrorDetails): GroveError {
  if (cause instanceof GroveError) return cause
  const errno = errnoOf(cause)
  const code = codes[errno] ?? codes[errno.split('_', 2).join('_')] ?? 'storage-failed'
  return new GroveError(code, errno === '' ? details : { ...details, errno }, { cause })
}
