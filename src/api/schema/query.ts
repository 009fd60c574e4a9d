import { GroveError } from '../../core/errors.ts'
import type { Operation } from '../operations/operation.ts'
import { jsonSchemaOf, propertiesOf } from './json-schema.ts'

/** How a member of an input is written in a query: lists with commas, objects as JSON. */
type Form = 'text' | 'number' | 'boolean' | 'list' | 'json'

/**
 * Which members of an operation's input are in the path, and how the others are written in a query.
 */
export interface InputForms {
  readonly path: readonly string[]
  readonly query: ReadonlyMap<string, Form>
}

/** Derived from the input's schema, so that server and client can't disagree. */
export function inputForms({ http, input }: Operation): InputForms {
  const path = [...http.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  const members = Object.entries(propertiesOf(jsonSchemaOf(input))).filter(
    ([name]) => !path.includes(name),
  )
  return { path, query: new Map(members.map(([name, schema]) => [name, formOf(schema.type)])) }
}

function formOf(type: unknown): Form {
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'array') return 'list'
  if (type === 'object') return 'json'
  return type === 'boolean' ? 'boolean' : 'text'
}

/**
 * The members in a query. A value that doesn't parse stays text, which the schema then refuses.
 * Throws `validation-error` for a member that is given twice.
 */
export function readQuery(search: string, forms: InputForms): Record<string, unknown> {
  const given = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(search)) {
    const before = given.get(name)
    if (before !== undefined && forms.query.get(name) !== 'list')
      throw new GroveError(
        'validation-error',
        { parameter: name },
        { message: `${name} is given twice` },
      )
    given.set(name, before === undefined ? value : `${before},${value}`)
  }
  return Object.fromEntries(
    [...given].map(([name, value]) => [name, decode(value, forms.query.get(name) ?? 'text')]),
  )
}

/**
 * The query for the members that aren't in the path, with its question mark; empty if there are
 * none.
 */
export function writeQuery(input: Readonly<Record<string, unknown>>, forms: InputForms): string {
  const search = new URLSearchParams()
  for (const [name, form] of forms.query) {
    const value = input[name]
    if (value !== undefined) search.set(name, encode(value, form))
  }
  return search.size === 0 ? '' : `?${search}`
}

function decode(text: string, form: Form): unknown {
  switch (form) {
    case 'number':
      return /^-?\d/.test(text) && Number.isFinite(Number(text)) ? Number(text) : text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'list':
      return text.split(',').filter((item) => item !== '')
    case 'json':
      return parsedOrText(text)
    case 'text':
      return text
  }
}

function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function encode(value: unknown, form: Form): string {
  if (form === 'list' && Array.isArray(value)) return value.join(',')
  return form === 'json' ? JSON.stringify(value) : String(value)
}
