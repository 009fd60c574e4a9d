import type { z } from 'zod'
import { GroveError } from '../errors.ts'
import { MANIFEST_MAX_BYTES } from '../limits.ts'

/** What a manifest has to meet whether it is sealed here or came from a peer. */

/** Throws `manifest-too-large`. */
export function checkSize(bytes: Uint8Array): void {
  if (bytes.byteLength <= MANIFEST_MAX_BYTES) return
  throw new GroveError('manifest-too-large', {
    sizeBytes: bytes.byteLength,
    maxBytes: MANIFEST_MAX_BYTES,
  })
}

/**
 * The value by its schema. Throws `manifest-unknown-field`, `manifest-invalid`, with the issues.
 */
export function parseWith<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues.map(({ code, path, message }) => ({
    code,
    path: path.join('.'),
    message,
  }))
  const unknown = issues.some((issue) => issue.code === 'unrecognized_keys')
  const message = issues
    .map((issue) => (issue.path === '' ? issue.message : `${issue.path}: ${issue.message}`))
    .join('; ')
  throw new GroveError(
    unknown ? 'manifest-unknown-field' : 'manifest-invalid',
    { issues: issues.slice(0, 20) },
    { message: message.slice(0, 2_000) },
  )
}
