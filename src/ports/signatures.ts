import type { KeyId, Signed, SigningKey } from '../core/identity/ed25519.ts'

/** Signing with this grove's key, and verifying what others signed, off the main thread. */
export interface Signatures {
  /** This grove's key, with which the store signs what is published here. */
  readonly key: SigningKey
  /** The signature of a DSSE text (`core/identity/statement.ts`), in base64. */
  signDsse(text: Uint8Array): Promise<string>
  /** Whether the grove with this id signed these bytes. */
  isSignedBy(peerId: KeyId, signed: Signed): Promise<boolean>
}
