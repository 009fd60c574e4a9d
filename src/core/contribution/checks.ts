import type { z } from 'zod'
import { GroveError } from '../errors.ts'
import { issuesText, readAs } from '../issues.ts'
import { MANIFEST_MAX_BYTES } from '../limits.ts'

/** Checks of every manifest, whether it is sealed here or comes from a peer. */

/** Checks the size of a manifest's canonical bytes. Throws `manifest-too-large`. */
export function checkSize(bytes: Uint8Array): void {
  const sizeBytes = bytes.byteLength
  const maxBytes = MANIFEST_MAX_BYTES
  if (sizeBytes <= maxBytes) return
  const message = `the manifest has ${sizeBytes} bytes, and at most ${maxBytes} are allowed`
  throw new GroveError('manifest-too-large', { sizeBytes, maxBytes }, { message })
}

/**
 * Parses a value by its schema. Throws `manifest-unknown-field` or `manifest-invalid`, with the
 * first 20 issues as a detail.
 */
export function parseWith<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = readAs(schema, value)
  if (result.success) return result.data
  const issues = result.error.issues.map(({ code, path, message }) => ({
    code,
    path: path.join('.'),
    message,
  }))
  const unknown = issues.some((issue) => issue.code === 'unrecognized_keys')
  const message = issuesText(result.error.issues)
  throw new GroveError(
    unknown ? 'manifest-unknown-field' : 'manifest-invalid',
    { issues: issues.slice(0, 20) },
    { message: message.slice(0, 2_000) },
  )
}
