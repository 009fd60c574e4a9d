import { canonicalBytes } from '../canonical.ts'
import { type Cid, hashBytes } from '../cid.ts'
import { GroveError } from '../errors.ts'
import type { Attestation } from './attestation.ts'
import { checkSize, parseWith } from './checks.ts'
import type { Contribution } from './contribution.ts'
import { manifestSchema } from './schema.ts'

/**
 * Verifies bytes that claim to be the manifest `cid`: size, hash, canonical form, then the schema.
 * The bytes are kept as they came, and so are attestations, which are not verified. Throws
 * `manifest-too-large`, `hash-mismatch`, `manifest-not-canonical`, `manifest-unknown-field`,
 * `manifest-invalid`.
 */
export function verifyManifest(
  bytes: Uint8Array,
  cid: Cid,
  attestations: readonly Attestation[] = [],
): Contribution {
  checkSize(bytes)
  const actual = hashBytes(bytes)
  if (actual !== cid) throw new GroveError('hash-mismatch', { expected: cid, actual })
  const value = parseJson(bytes, cid)
  checkCanonical(value, bytes, cid)
  return { cid, bytes, manifest: parseWith(manifestSchema, value), attestations }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function parseJson(bytes: Uint8Array, cid: Cid): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch (cause) {
    throw new GroveError(
      'manifest-not-canonical',
      { cid },
      { cause, message: `the manifest of ${cid} is not JSON in UTF-8` },
    )
  }
}

function checkCanonical(value: unknown, bytes: Uint8Array, cid: Cid): void {
  if (Buffer.compare(canonicalBytes(value), bytes) === 0) return
  throw new GroveError(
    'manifest-not-canonical',
    { cid },
    { message: `the bytes of ${cid} are not RFC 8785 canonical JSON` },
  )
}
