import { z } from 'zod'
import { canonicalBytes, isJsonObject, type JsonObject } from '../canonical.ts'
import type { Cid } from '../cid.ts'
import { GroveError } from '../errors.ts'
import { ATTESTATION_MAX_BYTES, ATTESTATIONS_MAX } from '../limits.ts'

/**
 * What somebody says about a contribution outside of its hashed manifest, so that its cid stays as
 * it is. Grove carries attestations and understands none yet: `version` tells a reader of theirs
 * what the rest means. At most ATTESTATION_MAX_BYTES as canonical JSON.
 */
export interface Attestation extends JsonObject {
  readonly version: number
}

/** Bytes named by their hash, as they came, and what came with them. */
export interface Sealed {
  readonly cid: Cid
  readonly bytes: Uint8Array
  /** At most ATTESTATIONS_MAX. */
  readonly attestations: readonly Attestation[]
}

/** The attestations of one contribution. */
export const attestationsSchema = z
  .array(z.custom<Attestation>(isAttestation, 'must be a small JSON object with a version'))
  .max(ATTESTATIONS_MAX)

function isAttestation(value: unknown): boolean {
  if (!isJsonObject(value) || !Number.isSafeInteger(value['version'])) return false
  try {
    return canonicalBytes(value).byteLength <= ATTESTATION_MAX_BYTES
  } catch (error) {
    if (error instanceof GroveError) return false
    throw error
  }
}
