import { GroveError } from '../errors.ts'
import { MANIFEST_MAX_ENTRIES } from '../limits.ts'
import type { Manifest } from './schema.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const SPACE = 0x20
/** `[` and `{` differ in this bit only, and so do `]` and `}`. */
const BRACE_BIT = 0x20
const OPENING = 0x7b
const CLOSING = 0x7d

/**
 * The members of all objects and the items of all arrays in a JSON text, counted without parsing
 * it: what it costs to parse, to make canonical and to index grows with them. Counting stops beyond
 * `most`. O(bytes), without memory of its own. Of what is no JSON it gives some number.
 */
export function countEntries(json: Uint8Array, most: number): number {
  let entries = 0
  let isFirst = false
  for (let at = 0; at < json.length && entries <= most; at++) {
    const byte = json[at] ?? SPACE
    if (byte <= SPACE) continue
    const isClosing = (byte | BRACE_BIT) === CLOSING
    if (byte === COMMA || (isFirst && !isClosing)) entries++
    isFirst = (byte | BRACE_BIT) === OPENING
    if (byte === QUOTE) at = endOfString(json, at)
  }
  return entries
}

/**
 * Refuses a manifest, or a draft, with more than MANIFEST_MAX_ENTRIES before it is parsed. Throws
 * `manifest-too-large`.
 */
export function checkEntries(json: Uint8Array): void {
  if (countEntries(json, MANIFEST_MAX_ENTRIES) <= MANIFEST_MAX_ENTRIES) return
  const maxEntries = MANIFEST_MAX_ENTRIES
  const message = `the manifest has more than ${maxEntries} members and items on all levels`
  throw new GroveError('manifest-too-large', { maxEntries }, { message })
}

/** Up to so many bytes, a manifest is parsed as a whole, which is sooner. */
const PARSED_WHOLE_MAX_BYTES = 4 * 1024

/**
 * Some members of a manifest, parsed from its canonical bytes. The others are passed over: a
 * `context` of a mebibyte takes several times as long to parse.
 */
export function membersOf<K extends keyof Manifest>(
  canonical: Uint8Array,
  names: readonly K[],
): Pick<Manifest, K> {
  const json = Buffer.from(canonical.buffer, canonical.byteOffset, canonical.byteLength)
  if (json.length <= PARSED_WHOLE_MAX_BYTES) return JSON.parse(json.toString()) as Manifest
  const wanted = new Set<string>(names)
  const members: string[] = []
  for (let at = 1; at < json.length; at++) {
    const colon = endOfString(json, at) + 1
    const end = endOfValue(json, colon + 1)
    if (wanted.has(json.toString('latin1', at + 1, colon - 1)))
      members.push(json.toString('utf8', at, end))
    at = end
  }
  return JSON.parse(`{${members.join(',')}}`) as Pick<Manifest, K>
}

/** Where the value of a member that begins at `start` ends: the comma or the brace after it. */
function endOfValue(json: Uint8Array, start: number): number {
  let depth = 0
  for (let at = start; at < json.length; at++) {
    const byte = json[at] ?? SPACE
    if (byte === QUOTE) {
      at = endOfString(json, at)
      continue
    }
    const bare = byte | BRACE_BIT
    if (depth === 0 && (byte === COMMA || bare === CLOSING)) return at
    if (bare === OPENING) depth++
    else if (bare === CLOSING) depth--
  }
  return json.length
}

/** Where the string that begins at `start` ends: its quote, or the end of the text. */
function endOfString(json: Uint8Array, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === BACKSLASH) at++
    else if (json[at] === QUOTE) return at
  }
  return json.length
}
