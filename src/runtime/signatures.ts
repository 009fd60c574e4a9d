import type { KeyId, SigningKey } from '../core/identity/ed25519.ts'
import { VerifyingKey } from '../core/identity/ed25519.ts'
import type { Signatures } from '../ports/signatures.ts'

/** Public keys that are kept: to make one takes as long as to sign. */
const KEYS_MAX = 1_024

/** Signatures in the threads of the system's pool. */
export function poolSignatures(key: SigningKey): Signatures {
  const keys = new Map<KeyId, VerifyingKey | undefined>()
  const keyOf = (peerId: KeyId) => {
    const verifying = keys.get(peerId) ?? VerifyingKey.of(peerId)
    keys.delete(peerId)
    keys.set(peerId, verifying)
    for (const [oldest] of keys) if (keys.size > KEYS_MAX) keys.delete(oldest)
    return verifying
  }
  return {
    key,
    signDsse: async (text) => (await key.signDsse(text)).toString('base64'),
    isSignedBy: async (peerId, signed) => (await keyOf(peerId)?.verifyInPool(signed)) ?? false,
  }
}
