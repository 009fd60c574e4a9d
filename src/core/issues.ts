import type { z } from 'zod'

/** What is wrong with a value, told in words of our own rather than the schema library's. */

/** So that issues without a message of their own get one. */
const ourWords = { error: wordsOf } as const

/** What a schema makes of a value. */
type Reading<T> =
  | { readonly success: true; readonly data: T; readonly error?: undefined }
  | {
      readonly success: false
      readonly data?: undefined
      readonly error: { readonly issues: readonly z.core.$ZodIssue[] }
    }

/**
 * A value of JSON as a schema reads it. Zod compares the `length` of whatever stands in the place
 * of a text or a list, and so throws where that can't be made a number: such a value is refused.
 */
export function readAs<T extends z.ZodType>(schema: T, value: unknown): Reading<z.output<T>> {
  try {
    return schema.safeParse(value, ourWords)
  } catch (error) {
    if (!(error instanceof TypeError && error.message.includes('primitive value'))) throw error
    const message = 'has a member "length" that is no number'
    return {
      success: false,
      error: { issues: [{ code: 'custom', path: [], message, input: value }] },
    }
  }
}

/** All issues in one line, each with the path of its member. */
export function issuesText(issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ')
}

const kinds: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  null: 'null',
  number: 'a number',
  object: 'an object',
  record: 'an object',
  string: 'text',
}

const formats: Readonly<Record<string, string>> = {
  datetime: 'must be a moment such as 2026-03-01T09:30:00Z',
  url: 'must be an address such as http://10.0.0.5:4515',
}

function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is missing'
        : `must be ${kinds[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `${issue.input === undefined ? 'is missing: ' : ''}must be ${listed(issue.values)}`
    case 'invalid_format':
      return formats[issue.format] ?? 'does not have the form that is needed'
    case 'too_small':
      return sizeWords(issue.origin, 'at least', issue.minimum)
    case 'too_big':
      return sizeWords(issue.origin, 'at most', issue.maximum) + lengthOf(issue.input)
    case 'unrecognized_keys':
      return unknownMembers(issue.keys, membersOf(issue.inst))
    case 'invalid_key':
      return issue.issues[0]?.message
    case 'invalid_union':
      return 'has none of the forms that are allowed'
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    default:
      return undefined
  }
}

function unknownMembers(names: readonly string[], known: readonly string[]): string {
  const what = names.length === 1 ? 'an unknown member' : 'unknown members'
  const told = names.map((name) => {
    const meant = nameMeant(name, known)
    return meant === undefined ? name : `${name} (did you mean ${meant}?)`
  })
  return `has ${what}: ${told.join(', ')}`
}

/** The names of the members that a schema of an object has. */
function membersOf(schema: unknown): string[] {
  const { shape } = (schema ?? {}) as { readonly shape?: object }
  return shape === undefined ? [] : Object.keys(shape)
}

/** The known name that another was meant for: it ends so, or differs by a letter or two. */
function nameMeant(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase()
  const isMeant = [
    (other: string) => other === given,
    (other: string) => isNear(given, other),
    (other: string) => given.length > 2 && (other.endsWith(given) || other.startsWith(given)),
  ]
  for (const test of isMeant) {
    const found = known.find((other) => test(other.toLowerCase()))
    if (found !== undefined) return found
  }
  return undefined
}

/** Whether two names are equal but for one letter, or for two neighbours that changed places. */
function isNear(a: string, b: string): boolean {
  let from = 0
  while (from < a.length && a[from] === b[from]) from++
  let [endA, endB] = [a.length, b.length]
  while (endA > from && endB > from && a[endA - 1] === b[endB - 1]) {
    endA--
    endB--
  }
  const [restA, restB] = [a.slice(from, endA), b.slice(from, endB)]
  const isSwapped = restA.length === 2 && restA === [...restB].reverse().join('')
  return isSwapped || Math.max(restA.length, restB.length) <= 1
}

function sizeWords(origin: string, bound: string, size: number | bigint): string {
  if (origin === 'string') return `must have ${bound} ${counted(size, 'character')}`
  if (origin === 'array' || origin === 'set') return `must have ${bound} ${counted(size, 'entry')}`
  return `must be ${bound} ${size}`
}

/** How long a text is that is too long. */
const lengthOf = (input: unknown): string =>
  typeof input === 'string' ? `, and has ${input.length}` : ''

function counted(size: number | bigint, noun: string): string {
  if (Number(size) === 1) return `1 ${noun}`
  return `${size} ${noun === 'entry' ? 'entries' : `${noun}s`}`
}

function listed(values: readonly unknown[]): string {
  const words = values.map(String).join(', ')
  return values.length < 2 ? words : `one of ${words}`
}
