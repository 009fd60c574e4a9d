import { GroveError } from '../../core/errors.ts'
import type { Operation } from '../operations/operation.ts'
import { jsonSchemaOf, propertiesOf } from './json-schema.ts'

/** How a member of an input is written in a query: lists with commas, objects as JSON. */
type Form = 'text' | 'number' | 'boolean' | 'list' | 'json'

/** A member of the input in a path: `:name`, or `:name{.+}` for one that may hold `/`. */
export const PATH_MEMBER = /:(\w+)(\{\.\+\})?/g

/**
 * Which members of an operation's input are in the path, and how the others are written in a query.
 */
export interface InputForms {
  readonly path: readonly string[]
  readonly query: ReadonlyMap<string, Form>
}

/**
 * Lists whose items may hold a comma or be empty: they are also written with a parameter for each
 * item, by this name.
 */
const ITEM_NAMES: Readonly<Record<string, string>> = { tags: 'tag' }

/** By operation: each server and client of a process needs them. */
const known = new WeakMap<Operation, InputForms>()

/** Derived from the input's schema, so that server and client can't disagree. */
export function inputForms(operation: Operation): InputForms {
  const forms = known.get(operation) ?? derivedForms(operation)
  known.set(operation, forms)
  return forms
}

function derivedForms({ http, input }: Operation): InputForms {
  const path = [...http.path.matchAll(PATH_MEMBER)].map(([, name = '']) => name)
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
 * Throws `validation-error` for a member that is given twice, unless it is a list.
 */
export function readQuery(search: string, forms: InputForms): Record<string, unknown> {
  const given: Record<string, unknown> = {}
  const lists = listsByItem(forms)
  for (const [name, value] of new URLSearchParams(search)) {
    const list = lists.get(name)
    if (list !== undefined) given[list] = [...itemsOf(given[list]), value]
    else if (forms.query.get(name) === 'list')
      given[name] = [...itemsOf(given[name]), ...splitItems(value)]
    else if (Object.hasOwn(given, name))
      throw new GroveError(
        'validation-error',
        { parameter: name },
        { message: `${name} is given twice` },
      )
    else given[name] = decode(value, forms.query.get(name) ?? 'text')
  }
  return given
}

/** The lists of an input that have a parameter for each item, by its name. */
export function listsByItem({ query }: InputForms): Map<string, string> {
  return new Map(
    Object.entries(ITEM_NAMES)
      .filter(([list, item]) => query.get(list) === 'list' && !query.has(item))
      .map(([list, item]) => [item, list]),
  )
}

/**
 * The query for the members that aren't in the path, with its question mark; empty if there are
 * none. A list goes by commas where its items allow that, since every version reads it so.
 */
export function writeQuery(input: Readonly<Record<string, unknown>>, forms: InputForms): string {
  const search = new URLSearchParams()
  for (const [name, form] of forms.query) {
    const value = input[name]
    const item = ITEM_NAMES[name]
    if (value === undefined) continue
    if (form === 'list' && item !== undefined && !itemsOf(value).every(isPlainItem))
      for (const each of itemsOf(value)) search.append(item, each)
    else search.set(name, encode(value, form))
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
      return splitItems(text)
    case 'json':
      return parsedOrText(text)
    case 'text':
      return text
  }
}

const itemsOf = (list: unknown): readonly string[] =>
  Array.isArray(list) ? (list as readonly string[]) : []
const splitItems = (text: string) => text.split(',').filter((item) => item !== '')
const isPlainItem = (item: string) => item !== '' && !item.includes(',')

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
