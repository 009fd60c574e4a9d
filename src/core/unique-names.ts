import { GroveError } from './errors.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPENS_ARRAY = 0x5b
const CLOSES_ARRAY = 0x5d
const OPENS_OBJECT = 0x7b
const CLOSES_OBJECT = 0x7d

/**
 * JSON in which no object has a name twice (RFC 7493 §2.3, which RFC 8785 asks for): of two members
 * with one name, one would be lost without a word, and parsers differ in which. Throws SyntaxError
 * as JSON.parse does, and `validation-error` with the name.
 */
export function parseUniqueJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  requireUniqueNames(text, value)
  return value
}

/**
 * Throws `validation-error` for the first name that an object of this valid JSON has twice. `value`
 * is what the text was parsed to: it has a member less for each of them, so that most texts need
 * only be counted.
 */
export function requireUniqueNames(text: string, value: unknown): void {
  if (membersWritten(text) === membersKept(value)) return
  const name = repeatedName(text)
  if (name === undefined) return
  const shown = JSON.stringify(name.slice(0, 100))
  const message = `an object has the name ${shown} twice: only one of its values would be kept`
  throw new GroveError('validation-error', { path: '', name: name.slice(0, 100) }, { message })
}

/** The members of all objects in a JSON text. */
function membersWritten(text: string): number {
  let members = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === QUOTE) at = endOfString(text, at)
    else if (character === COLON) members++
  }
  return members
}

/** The members of all objects in a value, which may be nested deeper than calls can be. */
function membersKept(value: unknown): number {
  let members = 0
  const open = [value]
  while (open.length > 0) {
    const within = open.pop()
    if (typeof within !== 'object' || within === null) continue
    const values: readonly unknown[] = Array.isArray(within) ? within : Object.values(within)
    if (!Array.isArray(within)) members += values.length
    for (const each of values) if (typeof each === 'object') open.push(each)
  }
  return members
}

/** O(characters), with a set of names for each object that is open. */
function repeatedName(text: string): string | undefined {
  const around: (Set<string> | undefined)[] = []
  /** Of the object that is open; undefined in an array. */
  let names: Set<string> | undefined
  let isName = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at)
        if (isName && names !== undefined) {
          const name = nameIn(text, at, end)
          if (names.has(name)) return name
          names.add(name)
        }
        isName = false
        at = end
        break
      }
      case COMMA:
        isName = names !== undefined
        break
      case OPENS_OBJECT:
        around.push(names)
        names = new Set()
        isName = true
        break
      case OPENS_ARRAY:
        around.push(names)
        names = undefined
        break
      case CLOSES_OBJECT:
      case CLOSES_ARRAY:
        names = around.pop()
        break
    }
  }
  return undefined
}

/** Where the string that begins at `start` ends: at a quote that no backslash escapes. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let from = at
    while (text[from - 1] === '\\') from--
    if ((at - from) % 2 === 0) return at
  }
  return text.length
}

/** The name between two quotes, whichever way its characters are written. */
function nameIn(text: string, start: number, end: number): string {
  const name = text.slice(start + 1, end)
  return name.includes('\\') ? (JSON.parse(`"${name}"`) as string) : name
}
