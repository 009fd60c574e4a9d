import { z } from 'zod'
import { canonicalBytes } from '../canonical.ts'
import { timestampSchema } from '../contribution/schema.ts'
import { isKeyId, isSignedBy, type KeyId, SIGNATURE_PATTERN, type SigningKey } from './ed25519.ts'

/** The id of a grove that has a key. */
export const keyIdSchema = z.custom<KeyId>(isKeyId, 'must be ed25519:<64 hex digits>')

/** A signature in base64url. */
export const signatureSchema = z.string().regex(SIGNATURE_PATTERN)

/** Changes of key that are kept of one grove. */
export const ROTATIONS_MAX = 32

/** A change of key, signed by both keys: each names the other. */
export const rotationSchema = z.object({
  /** The id before. */
  from: keyIdSchema,
  /** The id since. */
  to: keyIdSchema,
  at: timestampSchema,
  /** By the key before. */
  fromSignature: signatureSchema,
  /** By the key since. */
  toSignature: signatureSchema,
})
/** A change of key, signed by both keys. `at` is the grove's own word. */
export type Rotation = z.infer<typeof rotationSchema>

/** A record of a change of key at a moment (RFC 3339). */
export function rotate(before: SigningKey, after: SigningKey, at: string): Rotation {
  const change = { from: before.peerId, to: after.peerId, at }
  const bytes = canonicalBytes(change)
  return {
    ...change,
    fromSignature: before.sign('rotation', bytes),
    toSignature: after.sign('rotation', bytes),
  }
}

/** Whether both keys have signed the change. */
export function isRotation({ from, to, at, fromSignature, toSignature }: Rotation): boolean {
  const bytes = canonicalBytes({ from, to, at })
  return (
    from !== to &&
    isSignedBy(from, { domain: 'rotation', bytes, signature: fromSignature }) &&
    isSignedBy(to, { domain: 'rotation', bytes, signature: toSignature })
  )
}

/**
 * Whether these changes, in their order, lead from one id to another, and all are signed. Each is
 * verified only where it continues the chain.
 */
export function leadsTo(from: string, to: string, rotations: readonly Rotation[]): boolean {
  let id = from
  for (const rotation of rotations) {
    if (rotation.from !== id) continue
    if (!isRotation(rotation)) return false
    id = rotation.to
  }
  return id === to
}
