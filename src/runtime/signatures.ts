import type { SigningKey } from '../core/identity/ed25519.ts'
import type { Signatures } from '../ports/signatures.ts'
import { KnownKeys } from '../signing/known-keys.ts'

/** Signatures in the threads of the system's pool. */
export function poolSignatures(key: SigningKey): Signatures {
  const keys = new KnownKeys()
  return {
    key,
    signDsse: async (text) => (await key.signDsse(text)).toString('base64'),
    isSignedBy: async (peerId, signed) => (await keys.get(peerId)?.verifyInPool(signed)) ?? false,
  }
}
