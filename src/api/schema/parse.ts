import type { z } from 'zod'
import { GroveError } from '../../core/errors.ts'
import { issuesText, readAs } from '../../core/issues.ts'

const ISSUES_MAX = 20
const MESSAGE_MAX_CHARS = 2_000
/** Members of inputs that are content ids: a malformed one has an error code of its own. */
const CID_FIELDS: ReadonlySet<PropertyKey> = new Set(['cid', 'hash', 'parent', 'child'])

/**
 * The value, parsed. Throws `cid-invalid` for a malformed id, `validation-error` with the issues.
 */
export function parseInput<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = readAs(schema, value)
  if (result.success) return result.data
  const issues = result.error.issues.map(({ code, path, message }) => ({
    code,
    path: path.join('.'),
    message,
  }))
  const message = issuesText(result.error.issues) + hintFor(value, result.error.issues)
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

const ABBREVIATED = /^(?:blake3:)?([0-9a-f]{1,63})$/i

/** For an id that is cut short: who completes it. */
function hintFor(value: unknown, issues: readonly z.core.$ZodIssue[]): string {
  const [first] = issues
  if (first === undefined || first.path.length !== 1 || first.path[0] !== 'cid') return ''
  const { cid } = value as { cid?: unknown }
  const digits = typeof cid === 'string' ? ABBREVIATED.exec(cid)?.[1] : undefined
  return digits === undefined ? '' : `; GET /api/resolve/${digits} completes an id`
}
