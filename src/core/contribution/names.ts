import { ARTIFACT_NAME_MAX_CHARS } from '../limits.ts'

/**
 * Paths of files, and the names of artifacts that stand for them (PROTOCOL.md#paths).
 *
 * A path is relative, with `/` between its components. A byte that is not UTF-8 is the lone
 * surrogate U+DC00 + byte in it. A name is what a manifest may hold since Grove 0.1: ASCII letters,
 * digits and `._/ -`. So the other characters of a path are escaped in its name, reversibly.
 */

/** Begins a name that would otherwise begin with no letter or digit, or with these characters. */
const PREFIX = 'x-u-'
/** The longest component of a path, in bytes, that common file systems can store. */
const COMPONENT_MAX_BYTES = 255
const PLAIN = /^[a-zA-Z0-9._/ -]$/
const OTHERS = /[^a-zA-Z0-9._/ -]+/gu
/** A `-` that begins what could be read as an escape. */
const ESCAPE_LIKE = /-(?=u([0-9a-f.]+)[^a-zA-Z0-9._/ ])/gu
const CODE = /^(?:[0-9a-f]{2}|[1-9a-f][0-9a-f]{2,5})$/
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._/ -]*$/
/** Stands for a `-` that is to be escaped: no path holds it. */
const DASH = '\0'

/** Whether a text is a path: relative, and without `.`, `..`, empty components and NUL. */
export function isPath(text: string): boolean {
  if (text.includes('\0')) return false
  if (!text.split('/').every((part) => part !== '' && part !== '.' && part !== '..')) return false
  return text.isWellFormed() || pathOfBytes(bytesOfPath(text)) === text
}

/** Whether Grove 0.1 accepts this as the name of an artifact. */
export function isName(text: string): boolean {
  const parts = text.split('/')
  return (
    text.length <= ARTIFACT_NAME_MAX_CHARS &&
    NAME.test(text) &&
    parts.every((part) => part !== '' && part !== '..')
  )
}

/**
 * The name of a path. It may be longer than a manifest allows: `isName` tells. Of what is no path,
 * the name is none either.
 */
export function nameOf(path: string): string {
  if (!path.includes('-u') && NAME.test(path)) return path
  const name = escapeText(path)
  return !/^[a-zA-Z0-9]/.test(name) || name.startsWith(PREFIX) ? PREFIX + name : name
}

/** The path that a name stands for: the name itself unless `nameOf` gives it for another path. */
export function pathOf(name: string): string {
  if (!name.includes('-u')) return name
  const path = unescapeText(name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name)
  return path !== name && isPath(path) && nameOf(path) === name ? path : name
}

/** Escapes each run of characters that are not ASCII letters, digits or `._/ -`. */
export function escapeText(text: string): string {
  return text
    .replace(ESCAPE_LIKE, (dash, codes: string) => (decoded(codes) === undefined ? dash : DASH))
    .replace(OTHERS, (run) => `-u${Array.from(run, codeOf).join('.')}-`)
}

/** Undoes `escapeText`. */
export function unescapeText(text: string): string {
  const bracket = /-u([0-9a-f.]+)-/y
  let result = ''
  let done = 0
  for (let at = text.indexOf('-u'); at >= 0; at = text.indexOf('-u', done)) {
    bracket.lastIndex = at
    const characters = decoded(bracket.exec(text)?.[1] ?? '')
    const end = characters === undefined ? at + 2 : bracket.lastIndex
    result += text.slice(done, at) + (characters ?? '-u')
    done = end
  }
  return result + text.slice(done)
}

/** What no file system could store under this path; undefined if there is nothing. */
export function unstorable(path: string): string | undefined {
  if (!isPath(path)) return 'is no relative path without "." and ".." components'
  const isLong = path.split('/').some((part) => bytesOfPath(part).length > COMPONENT_MAX_BYTES)
  return isLong ? `has a component of more than ${COMPONENT_MAX_BYTES} bytes` : undefined
}

/** The bytes of a path, as the file systems of Unix keep them. */
export function bytesOfPath(path: string): Uint8Array {
  const encoder = new TextEncoder()
  if (path.isWellFormed()) return encoder.encode(path)
  const bytes: number[] = []
  for (const character of path) {
    const code = character.codePointAt(0) ?? 0
    if (isByte(code)) bytes.push(code - 0xdc00)
    else bytes.push(...encoder.encode(character))
  }
  return Uint8Array.from(bytes)
}

/** The path of these bytes. Every sequence of bytes has a text of its own. */
export function pathOfBytes(bytes: Uint8Array): string {
  const whole = utf8(bytes)
  if (whole !== undefined) return whole
  let path = ''
  for (let at = 0; at < bytes.length; ) {
    const length = lengthAt(bytes, at)
    path +=
      length === 0
        ? String.fromCharCode(0xdc00 + (bytes[at] ?? 0))
        : strict.decode(bytes.subarray(at, at + length))
    at += Math.max(1, length)
  }
  return path
}

/** Bytes of the character of UTF-8 that begins there; 0 if none does (Unicode 16, table 3-7). */
function lengthAt(bytes: Uint8Array, at: number): number {
  const [first = 0, second = 0] = [bytes[at], bytes[at + 1]]
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < least || second > most) return 0
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  for (let next = at + 2; next < at + length; next++)
    if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0
  return length
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** The characters of an escape, from their codes; undefined if no escape would be written so. */
function decoded(codes: string): string | undefined {
  let characters = ''
  for (const text of codes.split('.')) {
    const code = Number.parseInt(text, 16)
    if (!CODE.test(text) || code === 0 || code > 0x10ffff) return undefined
    if (code >= 0xd800 && code <= 0xdfff && !isByte(code)) return undefined
    const character = String.fromCodePoint(code)
    if (PLAIN.test(character) && character !== '-') return undefined
    characters += character
  }
  return characters
}

function codeOf(character: string): string {
  const code = character === DASH ? 0x2d : (character.codePointAt(0) ?? 0)
  return code.toString(16).padStart(2, '0')
}

/** Whether a code stands for a byte that is not UTF-8. */
const isByte = (code: number) => code >= 0xdc80 && code <= 0xdcff
