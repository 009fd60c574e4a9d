import type { z } from 'zod'
import { GroveError, isGroveError } from '../../core/errors.ts'
import { parseExactJson } from '../../core/exact-json.ts'
import { readAs } from '../../core/issues.ts'
import { jsonSchemaOf, propertiesOf } from '../schema/json-schema.ts'
import { parseInput } from '../schema/parse.ts'

/** How deep a member may be that is sent in another form, as in `relations.0.metadata`. */
const DEPTH_MAX = 8

/**
 * A tool's arguments, parsed. Taken as well are two forms in which models and their hosts send
 * what they mean: a list, an object, a number or a boolean as JSON in a string, and null for a
 * member that is left out. A member that may be text is never read so. Throws as `parseInput`,
 * with an example of the form of what is wrong.
 */
export function parseArguments<S extends z.ZodType>(input: S, given: unknown): z.output<S> {
  try {
    return parseInput(input, meantBy(input, given))
  } catch (error) {
    if (!isGroveError(error, 'validation-error')) throw error
    const { issues = [] } = error.details as { issues?: readonly { readonly path: string }[] }
    const members = propertiesOf(jsonSchemaOf(input))
    const wrong = new Set(issues.map(({ path }) => path.split('.')[0] ?? ''))
    const forms = [...wrong].flatMap((name) => {
      const [example] = (members[name]?.examples ?? []) as unknown[]
      return example === undefined ? [] : [`${name}: ${JSON.stringify(example)}`]
    })
    if (forms.length === 0) throw error
    const message = `${error.message}; for example ${forms.join(', ')}`
    throw new GroveError(error.code, error.details, { cause: error, message })
  }
}

function meantBy(schema: z.ZodType, given: unknown): unknown {
  let value = given
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    const { success, error } = readAs(schema, value)
    if (success) break
    const meant = structuredClone(value)
    // All of them, not only the first: each may be mended.
    if (error.issues.filter((issue) => mend(meant, issue)).length === 0) break
    value = meant
  }
  return value
}

/** Puts what is meant in the place of what an issue is about; false if that is not known. */
function mend(root: unknown, issue: z.core.$ZodIssue): boolean {
  const { path } = issue
  const key = path.at(-1)
  const holder = path.slice(0, -1).reduce<unknown>((value, part) => memberOf(value, part), root)
  if (key === undefined || !hasMembers(holder) || !Object.hasOwn(holder, key)) return false
  const sent = holder[key]
  if (sent === null && !Array.isArray(holder)) return delete holder[key]
  const meant = typeof sent === 'string' ? jsonOf(sent) : undefined
  if (meant === undefined || !isExpected(meant, issue)) return false
  holder[key] = meant
  return true
}

type Members = Record<PropertyKey, unknown>

const hasMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null

const memberOf = (value: unknown, key: PropertyKey): unknown =>
  hasMembers(value) && Object.hasOwn(value, key) ? value[key] : undefined

/** Undefined for what is no JSON. Throws `validation-error` for a number that would change. */
function jsonOf(text: string): unknown {
  try {
    return parseExactJson(text)
  } catch (error) {
    if (isGroveError(error)) throw error
    return undefined
  }
}

/** Whether a value has the type that an issue misses. */
function isExpected(value: unknown, issue: z.core.$ZodIssue): boolean {
  // Grove's only custom check is "is a JSON object".
  const expected: string =
    issue.code === 'custom' ? 'object' : issue.code === 'invalid_type' ? issue.expected : ''
  switch (expected) {
    case 'array':
      return Array.isArray(value)
    case 'object':
    case 'record':
      return hasMembers(value) && !Array.isArray(value)
    case 'number':
    case 'int':
      return typeof value === 'number'
    case 'boolean':
      return typeof value === 'boolean'
    default:
      return false
  }
}
