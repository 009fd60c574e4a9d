import { GroveError } from './errors.ts'

/** A JSON value (RFC 8259): what a manifest is made of. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** A JSON object. The order of its keys has no meaning. */
export type JsonObject = { readonly [key: string]: Json }

/** Deepest nesting of an accepted JSON value. The bound keeps recursive walks within the stack. */
export const MAX_JSON_DEPTH = 64

/**
 * The RFC 8785 (JSON Canonicalization Scheme) text of a JSON value: keys in UTF-16 order, no white
 * space. A key whose value is `undefined` is left out, as in JSON.stringify.
 *
 * Throws `manifest-invalid` for what JSON can't represent exactly: non-finite numbers, lone
 * surrogates, other types, nesting beyond MAX_JSON_DEPTH. It also refuses the key `__proto__`,
 * which JavaScript's own tools drop.
 */
export function canonicalText(value: unknown): string {
  return write(value, 0)
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

function write(value: unknown, depth: number): string {
  if (depth > MAX_JSON_DEPTH) throw unrepresentable(`nested deeper than ${MAX_JSON_DEPTH}`)
  switch (typeof value) {
    case 'string':
      return writeString(value)
    case 'number':
      if (!Number.isFinite(value)) throw unrepresentable(`the number ${value}`)
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      return Array.isArray(value)
        ? writeArray(value, depth)
        : writeObject(value as Record<string, unknown>, depth)
    default:
      throw unrepresentable(`a ${typeof value}`)
  }
}

function writeString(value: string): string {
  if (!value.isWellFormed()) throw unrepresentable('a lone surrogate')
  return JSON.stringify(value)
}

function writeArray(items: readonly unknown[], depth: number): string {
  return `[${items.map((item) => write(item, depth + 1)).join(',')}]`
}

function writeObject(object: Readonly<Record<string, unknown>>, depth: number): string {
  if (!isPlain(object)) throw unrepresentable('an object of a class')
  const members: string[] = []
  for (const key of Object.keys(object).sort()) {
    if (key === '__proto__') throw unrepresentable('the key __proto__')
    const value = object[key]
    if (value !== undefined) members.push(`${writeString(key)}:${write(value, depth + 1)}`)
  }
  return `{${members.join(',')}}`
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
