import type { Domain, KeyId, Signed } from '../core/identity/ed25519.ts'

/** Signing with this grove's key, and verifying what others signed: neither takes the thread. */
export interface Signatures {
  /** The id of the key that signs. */
  readonly peerId: KeyId
  /** The signature of some bytes, in base64url. */
  sign(domain: Domain, bytes: Uint8Array): Promise<string>
  /** The signature of a DSSE text (`core/identity/statement.ts`), in base64. */
  signDsse(text: Uint8Array): Promise<string>
  /** Whether the grove with this id signed these bytes. */
  isSignedBy(peerId: KeyId, signed: Signed): Promise<boolean>
}
