import { GroveError } from './errors.ts'

/** A JSON value (RFC 8259): what a manifest is made of. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** A JSON object. The order of its keys has no meaning. */
export type JsonObject = { readonly [key: string]: Json }

/** Deepest nesting of an accepted JSON value. The bound keeps recursive walks within the stack. */
export const MAX_JSON_DEPTH = 64

/** Work that can pause between its steps. */
export type Steps<T> = Generator<void, T, void>

/** Does it without a pause. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** Members and items that are written in one step: a fraction of a millisecond. */
const STEP_ENTRIES = 512

/** What may still be written in the present step. */
interface Step {
  left: number
}

/**
 * The RFC 8785 (JSON Canonicalization Scheme) text of a JSON value: keys in UTF-16 order, no white
 * space. A key whose value is `undefined` is left out, as in JSON.stringify.
 *
 * Throws `manifest-invalid` for what JSON can't represent exactly: non-finite numbers, lone
 * surrogates, other types, nesting beyond MAX_JSON_DEPTH. It also refuses the key `__proto__`,
 * which JavaScript's own tools drop.
 */
export function canonicalText(value: unknown): string {
  return atOnce(canonicalSteps(value))
}

/** The same step by step, for a value of many members. */
export function* canonicalSteps(value: unknown): Steps<string> {
  return isContainer(value)
    ? yield* writeContainer(value, 0, { left: STEP_ENTRIES })
    : writeScalar(value)
}

const encoder = new TextEncoder()

/** The canonical text in UTF-8: the bytes that are hashed, stored and sent. */
export function canonicalBytes(value: unknown): Uint8Array {
  return encoder.encode(canonicalText(value))
}

/** True if the value is a JSON object: not an array, not null. Its members are not looked at. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True if both values are equal as JSON, in whatever order their keys are. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  return a === b || canonicalText(a) === canonicalText(b)
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null

function* writeContainer(container: object, depth: number, step: Step): Steps<string> {
  const isArray = Array.isArray(container)
  const values = container as Readonly<Record<string, unknown>>
  const keys = isArray ? container.keys() : keysOf(values)
  const written: string[] = []
  for (const key of keys) {
    const value = values[key]
    if (value === undefined && !isArray) continue
    if (depth >= MAX_JSON_DEPTH) throw unrepresentable(`nested deeper than ${MAX_JSON_DEPTH}`)
    const text = isContainer(value)
      ? yield* writeContainer(value, depth + 1, step)
      : writeScalar(value)
    written.push(isArray ? text : `${writeString(String(key))}:${text}`)
    if (--step.left > 0) continue
    step.left = STEP_ENTRIES
    yield
  }
  return isArray ? `[${written.join(',')}]` : `{${written.join(',')}}`
}

function keysOf(object: Readonly<Record<string, unknown>>): string[] {
  if (!isPlain(object)) throw unrepresentable('an object of a class')
  const keys = Object.keys(object).sort()
  if (Object.hasOwn(object, '__proto__')) throw unrepresentable('the key __proto__')
  return keys
}

function writeScalar(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return writeString(value)
    case 'number':
      if (!Number.isFinite(value)) throw unrepresentable(`the number ${value}`)
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      return 'null'
    default:
      throw unrepresentable(`a ${typeof value}`)
  }
}

function writeString(value: string): string {
  if (!value.isWellFormed()) throw unrepresentable('a lone surrogate')
  return JSON.stringify(value)
}

/** True if the object has no class. A Date or a Map would silently lose its content. */
function isPlain(object: object): boolean {
  const prototype = Object.getPrototypeOf(object)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function unrepresentable(what: string): GroveError {
  return new GroveError(
    'manifest-invalid',
    { what },
    { message: `canonical JSON cannot hold ${what}` },
  )
}
