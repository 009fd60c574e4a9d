import { GroveError } from './errors.ts'
import { parseUniqueJson, requireUniqueNames } from './unique-names.ts'

/**
 * A token that may not be kept as it is written: an integer of 16 digits or more, an exponent, or a
 * fraction so long that it may become 0. Texts without one, which most are, are parsed without
 * looking at each number.
 */
const SUSPICIOUS = /(?:^|[:,[\s])-?(?:\d{16}|\d[\d.]{300}|\d[\d.]*[eE])/
/** The deepest nesting of JSON whose numbers are looked at: a manifest may be inside a message. */
const DEPTH_MAX = 128
const INTEGER = /^-?\d+$/
/** A significand that is zero, whatever the exponent. */
const ZERO = /^-?[0.]+(?:[eE]|$)/

/**
 * JSON whose numbers are kept as they are written: for what is hashed, where another number would
 * be another contribution. Throws SyntaxError as JSON.parse does, and `validation-error` for the
 * first number that would change, with its path, for a name that an object has twice, and for what
 * is nested too deep to be looked into. Digits of a fraction may be rounded.
 */
export function parseExactJson(text: string): unknown {
  if (!SUSPICIOUS.test(text)) return parseUniqueJson(text)
  requireShallow(text)
  const changed: Changed[] = []
  const value = parseWithSources(text, (holder, key, number, source) => {
    const problem = inexactness(source, number)
    if (problem !== undefined) changed.push({ holder, key, source, problem })
  })
  const [first] = changed
  if (first !== undefined) throw inexact(value, first)
  requireUniqueNames(text, value)
  return value
}

/**
 * What a number loses that is written so in JSON, in words; undefined if it stays the same. An
 * integer must be the same decimal integer in canonical JSON.
 */
export function inexactness(source: string, value: number = Number(source)): string | undefined {
  if (!Number.isFinite(value)) return 'is too large for a JSON number'
  if (value === 0) return ZERO.test(source) ? undefined : 'is so small that it would become 0'
  const written = String(value)
  if (written === source || !INTEGER.test(source) || BigInt(source) === integerOf(written))
    return undefined
  return `would become ${written}`
}

/** The walk that looks at each number is recursive, in V8 as well as here. */
function requireShallow(text: string): void {
  let depth = 0
  let isText = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (isText && character === '\\') at++
    else if (character === '"') isText = !isText
    else if (isText) continue
    else if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') depth--
    if (depth <= DEPTH_MAX) continue
    const message = `the JSON is nested deeper than ${DEPTH_MAX}`
    throw new GroveError('validation-error', { path: '', maxDepth: DEPTH_MAX }, { message })
  }
}

interface Changed {
  readonly holder: unknown
  readonly key: string
  readonly source: string
  readonly problem: string
}

type OnNumber = (holder: unknown, key: string, value: number, source: string) => void
/** JSON.parse with the third argument of its reviver (ECMAScript 2026), which TypeScript lacks. */
type ParseWithContext = (
  text: string,
  reviver: (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown

function parseWithSources(text: string, onNumber: OnNumber): unknown {
  return (JSON.parse as ParseWithContext)(text, function (key, value, { source }) {
    if (typeof value === 'number' && source !== undefined) onNumber(this, key, value, source)
    return value
  })
}

/** The integer that canonical JSON writes so, such as `1e+21`. */
function integerOf(text: string): bigint {
  const [digits = '', exponent = '0'] = text.split('e+')
  const [whole = '', fraction = ''] = digits.split('.')
  return BigInt(whole + fraction.padEnd(Number(exponent), '0'))
}

function inexact(root: unknown, { holder, key, source, problem }: Changed): GroveError {
  const path = [...(pathTo(root, holder) ?? []), key].filter((part) => part !== '').join('.')
  const number = source.slice(0, 100)
  const where = path === '' ? number : `${path}: ${number}`
  return new GroveError(
    'validation-error',
    { path, number },
    { message: `${where} ${problem}: write it as a string, in quotes` },
  )
}

/** The keys that lead to an object or array within a value; undefined if it isn't there. */
function pathTo(value: unknown, holder: unknown): string[] | undefined {
  if (value === holder) return []
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, member] of Object.entries(value)) {
    const rest = pathTo(member, holder)
    if (rest !== undefined) return [key, ...rest]
  }
  return undefined
}
