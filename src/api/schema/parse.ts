import type { z } from 'zod'
import { GroveError } from '../../core/errors.ts'

const ISSUES_MAX = 20
const MESSAGE_MAX_CHARS = 2_000
/** Parts of an input that are content ids: where one is malformed, the error says so by its own code. */
const CID_FIELDS: ReadonlySet<PropertyKey> = new Set(['cid', 'hash', 'parent', 'child'])

/** The value as its schema has it. Throws `cid-invalid` (a malformed id in the path), `validation-error` with the issues. */
export function parseInput<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues.map(({ code, path, message }) => ({
    code,
    path: path.join('.'),
    message,
  }))
  const message = issues
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('; ')
  const malformedCid = result.error.issues.some(
    ({ code, path }) =>
      code === 'invalid_format' && path.length === 1 && CID_FIELDS.has(path[0] ?? ''),
  )
  const code = malformedCid ? 'cid-invalid' : 'validation-error'
  throw new GroveError(
    code,
    { issues: issues.slice(0, ISSUES_MAX) },
    { message: message.slice(0, MESSAGE_MAX_CHARS) },
  )
}
