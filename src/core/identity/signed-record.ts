import type { z } from 'zod'
import { canonicalBytes, type JsonObject } from '../canonical.ts'
import { GroveError } from '../errors.ts'
import { type Domain, isSignedBy, type KeyId, type SigningKey } from './ed25519.ts'

/**
 * Records that a grove signs as a whole: the signature is over the canonical JSON of all other
 * members, also of those that a later version adds.
 */

/** Why a record is not taken. */
export type RecordFault = 'malformed' | 'forged' | 'expired' | 'future'

/** A record that was read, or why it was not. */
export type ReadRecord<T> = { readonly record: T } | { readonly fault: RecordFault }

/** The record with its signature. */
export function signRecord<T extends JsonObject>(
  key: SigningKey,
  domain: Domain,
  record: T,
): T & { readonly signature: string } {
  return { ...record, signature: key.sign(domain, canonicalBytes(record)) }
}

interface Form<T> {
  readonly domain: Domain
  readonly schema: z.ZodType<T>
  /** The most canonical bytes of a whole record. */
  readonly maxBytes: number
  readonly signerOf: (record: T) => KeyId
}

/** A record that has the form and that its signer signed. */
export function readSigned<T extends JsonObject & { readonly signature: string }>(
  value: unknown,
  { domain, schema, maxBytes, signerOf }: Form<T>,
): ReadRecord<T> {
  const { data: record } = schema.safeParse(value)
  if (record === undefined) return { fault: 'malformed' }
  const { signature, ...said } = record
  const bytes = bytesOf(said)
  if (bytes === undefined || bytes.byteLength > maxBytes) return { fault: 'malformed' }
  return isSignedBy(signerOf(record), { domain, bytes, signature })
    ? { record }
    : { fault: 'forged' }
}

/** Undefined for what canonical JSON can't hold. */
function bytesOf(value: unknown): Uint8Array | undefined {
  try {
    return canonicalBytes(value)
  } catch (error) {
    if (error instanceof GroveError) return undefined
    throw error
  }
}
