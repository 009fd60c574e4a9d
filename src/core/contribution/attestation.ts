import { z } from 'zod'
import { canonicalBytes, isJsonObject, type JsonObject } from '../canonical.ts'
import type { Cid } from '../cid.ts'
import { GroveError } from '../errors.ts'
import { ATTESTATION_MAX_BYTES, ATTESTATIONS_MAX } from '../limits.ts'

/**
 * A statement about a contribution, outside of its hashed manifest so that the cid doesn't change.
 * Grove carries attestations and understands none yet. `version` names the form of the other
 * members. At most ATTESTATION_MAX_BYTES as canonical JSON.
 */
export interface Attestation extends JsonObject {
  readonly version: number
}

/** A manifest's bytes, the hash that names them, and the attestations that came with them. */
export interface Sealed {
  readonly cid: Cid
  /** Kept as they came. */
  readonly bytes: Uint8Array
  /** At most ATTESTATIONS_MAX. */
  readonly attestations: readonly Attestation[]
}

const wrongForm = `must be a JSON object with a version, at most ${ATTESTATION_MAX_BYTES} bytes`

/** One attestation. */
export const attestationSchema = z.custom<Attestation>(isAttestation, wrongForm)

/** The attestations of one contribution. */
export const attestationsSchema = z.array(attestationSchema).max(ATTESTATIONS_MAX)

function isAttestation(value: unknown): boolean {
  if (!isJsonObject(value) || !Number.isSafeInteger(value['version'])) return false
  try {
    return canonicalBytes(value).byteLength <= ATTESTATION_MAX_BYTES
  } catch (error) {
    if (error instanceof GroveError) return false
    throw error
  }
}
