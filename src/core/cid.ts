import { Blake3Hasher, blake3 } from '@napi-rs/blake-hash'
import { GroveError } from './errors.ts'

/** A content id: `blake3:` and 64 lower-case hex digits, the 256-bit BLAKE3 hash of some bytes. */
export type Cid = string & { readonly __cid: true }

/** The form of a complete content id. */
export const CID_PATTERN = /^blake3:[0-9a-f]{64}$/
const PREFIX = 'blake3:'

/** True if the text is a complete content id. */
export function isCid(text: unknown): text is Cid {
  return typeof text === 'string' && CID_PATTERN.test(text)
}

/** The text as a content id. Throws `cid-invalid`. */
export function parseCid(text: string): Cid {
  if (!isCid(text)) {
    throw new GroveError(
      'cid-invalid',
      { cid: text.slice(0, 100) },
      { message: `not a content id, which is blake3:<64 hex digits>: ${text.slice(0, 100)}` },
    )
  }
  return text
}

/** The content id of these bytes. */
export function hashBytes(bytes: Uint8Array): Cid {
  return (PREFIX + blake3(bytes).toString('hex')) as Cid
}

/** The 32 bytes of the same hash. */
export const rawHash = (bytes: Uint8Array): Uint8Array => blake3(bytes)

/** Computes the content id of bytes that arrive in chunks. */
export class CidHasher {
  readonly #hasher = new Blake3Hasher()

  update(chunk: Uint8Array): this {
    this.#hasher.update(chunk)
    return this
  }

  /** The content id of all chunks. Call it once, at the end. */
  digest(): Cid {
    return (PREFIX + this.#hasher.digestBuffer().toString('hex')) as Cid
  }
}

/** The 32-byte hash in a content id: the form that databases keep. */
export function cidToBytes(cid: Cid): Uint8Array {
  return Buffer.from(cid.slice(PREFIX.length), 'hex')
}

/** The content id of a 32-byte hash. */
export function cidFromBytes(hash: Uint8Array): Cid {
  return (PREFIX +
    Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('hex')) as Cid
}

/** A content id abbreviated for people, who may type it so: its first `digits` hex digits. */
export function shortCid(cid: Cid, digits = 12): string {
  return cid.slice(PREFIX.length, PREFIX.length + digits)
}

/** A whole content id that was given without `blake3:`; undefined if it isn't one. */
export function cidOfDigits(digits: string): Cid | undefined {
  const cid = PREFIX + digits
  return isCid(cid) ? cid : undefined
}

/**
 * The hex digits of an abbreviated content id: 4 to 64, with or without `blake3:` before them.
 * Throws `cid-invalid`.
 */
export function parseCidPrefix(text: string): string {
  const digits = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text
  if (!/^[0-9a-f]{4,64}$/.test(digits)) {
    const shown = text.slice(0, 100)
    const what = shown === '' ? 'the content id is empty' : `'${shown}' is no content id`
    const message = `${what}: it has 64 hex digits, of which the first 4 or more will do`
    throw new GroveError('cid-invalid', { cid: shown }, { message })
  }
  return digits
}
