import { canonicalBytes } from '../canonical.ts'
import { type Cid, hashBytes } from '../cid.ts'
import { GroveError } from '../errors.ts'
import type { Attestation } from './attestation.ts'
import { checkSize, parseWith } from './checks.ts'
import type { Contribution } from './contribution.ts'
import { checkEntries } from './scan.ts'
import { manifestSchema } from './schema.ts'

/**
 * Verifies that bytes are the manifest of `cid`: checks the size, the hash, the number of entries,
 * the canonical form, then the schema. Bytes and attestations are kept as they came; attestations
 * are not verified. Throws `manifest-too-large`, `hash-mismatch`, `manifest-not-canonical`,
 * `manifest-unknown-field`, `manifest-invalid`.
 */
export function verifyManifest(
  bytes: Uint8Array,
  cid: Cid,
  attestations: readonly Attestation[] = [],
): Contribution {
  checkSize(bytes)
  const actual = hashBytes(bytes)
  if (actual !== cid) {
    const message = `the manifest of ${cid} has the wrong hash ${actual}`
    throw new GroveError('hash-mismatch', { expected: cid, actual }, { message })
  }
  checkEntries(bytes)
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
    { message: `the manifest of ${cid} is not canonical JSON (RFC 8785)` },
  )
}
