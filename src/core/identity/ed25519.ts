import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { mustHold } from '../invariant.ts'

/** The id of a grove that has a key: `ed25519:` and the 64 hex digits of its public key. */
export type KeyId = string & { readonly __keyId: true }

/** The form of a key id. */
const KEY_ID_PATTERN = /^ed25519:[0-9a-f]{64}$/
const PREFIX = 'ed25519:'

/** What is signed, each with a domain of its own: no signature can be taken for another. */
export type Domain = 'rotation' | 'origin' | 'origins' | 'node' | 'members'

/** Bytes, and who says that it signed them for what. */
export interface Signed {
  readonly domain: Domain
  readonly bytes: Uint8Array
  readonly signature: string
}

/** Bytes of the secret from which RFC 8032 derives an Ed25519 key. */
export const SECRET_BYTES = 32
/** A signature, which has 64 bytes, in the one base64url text of them: its last bits are 0. */
export const SIGNATURE_PATTERN = /^[\w-]{85}[AQgw]$/
/** What precedes the raw key in DER (RFC 8410): PKCS#8 of a private one, SPKI of a public one. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex')

/** True if the text is the id of a grove that has a key. */
export function isKeyId(text: unknown): text is KeyId {
  return typeof text === 'string' && KEY_ID_PATTERN.test(text)
}

/** The raw public key in an id, of 32 bytes: the form that databases keep. */
export function keyIdToBytes(peerId: KeyId): Uint8Array {
  return Buffer.from(peerId.slice(PREFIX.length), 'hex')
}

/** The id of a raw public key of 32 bytes. */
export function keyIdFromBytes(key: Uint8Array): KeyId {
  const hex = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('hex')
  return `${PREFIX}${hex}` as KeyId
}

/**
 * A grove's private key. Nothing that prints objects shows it; `toPem` alone lets it out.
 * Signatures are deterministic (RFC 8032 §5.1.6).
 */
export class SigningKey {
  /** The id of the grove that has this key. */
  readonly peerId: KeyId
  readonly #key: KeyObject

  protected constructor(key: KeyObject) {
    this.#key = key
    this.peerId = keyIdOf(createPublicKey(key))
  }

  /** The key of a secret of SECRET_BYTES bytes, which nobody must be able to guess. */
  static fromSecret(secret: Uint8Array): SigningKey {
    const der = Buffer.concat([PKCS8_HEAD, secret])
    return new SigningKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  }

  /** The key in a PKCS#8 file; undefined if it holds anything else. */
  static fromPem(pem: string): SigningKey | undefined {
    const key = keyIn(() => createPrivateKey(pem))
    return key?.asymmetricKeyType === 'ed25519' ? new SigningKey(key) : undefined
  }

  /** As PKCS#8: whoever reads it is this grove. */
  toPem(): string {
    return this.#key.export({ format: 'pem', type: 'pkcs8' }).toString()
  }

  /** The signature of some bytes, in base64url. About 0.1 ms. */
  sign(domain: Domain, bytes: Uint8Array): string {
    return this.signNow(signedBytes(domain, bytes)).toString('base64url')
  }

  /**
   * The 64 bytes of a signature over the base of an HTTP message (RFC 9421 §2.5), off the main
   * thread. A base begins with the name of a component, and so is nothing that has a domain.
   */
  signHttp(base: Uint8Array): Promise<Buffer> {
    mustHold(isHttpBase(base), 'it is the base of an HTTP message')
    return this.signInPool(base)
  }

  /**
   * The 64 bytes of a signature over a DSSE text, off the main thread. Its own first word tells it
   * from whatever else is signed.
   */
  signDsse(text: Uint8Array): Promise<Buffer> {
    mustHold(isDsseText(text), 'it is a DSSE text')
    return this.signInPool(text)
  }

  protected signNow(bytes: Uint8Array): Buffer {
    return sign(null, bytes, this.#key)
  }

  /** Simulators have no pool: there it is done at once. */
  protected signInPool(bytes: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) =>
      sign(null, bytes, this.#key, (error, made) => (error ? reject(error) : resolve(made))),
    )
  }
}

/** The public key of a grove, ready to verify: to read it from an id takes as long as verifying. */
export class VerifyingKey {
  readonly #key: KeyObject

  protected constructor(key: KeyObject) {
    this.#key = key
  }

  /** The key in an id; undefined where no point of the curve has these digits. */
  static of(peerId: KeyId): VerifyingKey | undefined {
    const key = keyIn(() => publicKeyOf(peerId))
    return key && new VerifyingKey(key)
  }

  /** As `isSignedBy`, found out off the main thread. */
  verifyInPool({ domain, bytes, signature }: Signed): Promise<boolean> {
    if (!SIGNATURE_PATTERN.test(signature)) return Promise.resolve(false)
    return this.verify(signedBytes(domain, bytes), Buffer.from(signature, 'base64url'))
  }

  /** Whether the key signed the base of an HTTP message, found out off the main thread. */
  verifiesHttp(base: Uint8Array, signature: Uint8Array): Promise<boolean> {
    return isHttpBase(base) ? this.verify(base, signature) : Promise.resolve(false)
  }

  /** In the pool. Simulators have none: there it is done at once. */
  protected verify(bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
    return new Promise((resolve, reject) =>
      verify(null, bytes, this.#key, signature, (error, holds) =>
        error ? reject(error) : resolve(holds),
      ),
    )
  }
}

const isDsseText = (text: Uint8Array): boolean =>
  Buffer.from(text.subarray(0, 7)).toString('latin1') === 'DSSEv1 '

const isHttpBase = (base: Uint8Array): boolean => base[0] === 0x22 && base[1] === 0x40

/** Whether the grove with this id signed these bytes. Whatever else is given is no signature. */
export function isSignedBy(peerId: KeyId, { domain, bytes, signature }: Signed): boolean {
  if (!SIGNATURE_PATTERN.test(signature)) return false
  const key = keyIn(() => publicKeyOf(peerId))
  if (key === undefined) return false
  return verify(null, signedBytes(domain, bytes), key, Buffer.from(signature, 'base64url'))
}

/** The public key of a grove in the form that other tools read (SPKI, as PEM). */
export function publicPem(peerId: KeyId): string {
  return publicKeyOf(peerId).export({ format: 'pem', type: 'spki' }).toString()
}

const encoder = new TextEncoder()

/** What is signed: a line that says what it is for, then the bytes. */
function signedBytes(domain: Domain, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([encoder.encode(`grove/${domain}/1\n`), bytes])
}

function publicKeyOf(peerId: KeyId): KeyObject {
  const der = Buffer.concat([SPKI_HEAD, keyIdToBytes(peerId)])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

function keyIdOf(key: KeyObject): KeyId {
  return keyIdFromBytes(key.export({ format: 'der', type: 'spki' }).subarray(SPKI_HEAD.byteLength))
}

/** OpenSSL's errors say nothing to anybody. */
function keyIn(read: () => KeyObject): KeyObject | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    return undefined
  }
}
