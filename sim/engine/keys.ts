import type { KeyObject } from 'node:crypto'
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import {
  type KeyId,
  SECRET_BYTES,
  SigningKey,
  VerifyingKey,
} from '../../src/core/identity/ed25519.ts'
import type { Signatures } from '../../src/ports/signatures.ts'
import { KnownKeys } from '../../src/signing/known-keys.ts'
import type { Rng } from './rng.ts'

/** What precedes the raw secret of a private key in PKCS#8 (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * The keys of a run, all by one integer. They sign and verify at once, since the threads of a pool
 * keep no virtual time. The real signatures cost more than all else in a run, so most runs have a
 * stand-in: a hash over a secret that the verifier looks up by the id.
 */
export class Keys {
  readonly #rng: Rng
  readonly #isReal: boolean
  readonly #byName = new Map<string, SigningKey>()
  readonly #verifying = new Map<KeyId, VerifyingKey>()

  constructor(rng: Rng, { isReal }: { readonly isReal: boolean }) {
    this.#rng = rng
    this.#isReal = isReal
  }

  /** The key of a grove by its name in the run. The first time makes it. */
  of(name: string): SigningKey {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const key = this.#make(Buffer.from(this.#rng.fork(name).bytes(SECRET_BYTES)))
    this.#byName.set(name, key)
    return key
  }

  #make(secret: Buffer): SigningKey {
    const pair = pairOf(secret)
    const real = realScheme(pair)
    const scheme = this.#isReal ? real : realForRecords(real, standIn(secret))
    const key = new SimulatedKey(pair, scheme)
    this.#verifying.set(key.peerId, new SimulatedVerifyingKey(pair, scheme))
    return key
  }

  /** The key in an id, if it is one of this run. */
  verifying(peerId: KeyId): VerifyingKey | undefined {
    return this.#verifying.get(peerId)
  }

  /** The keys as a process keeps them ready. */
  known(): KnownKeys {
    return new KnownKeys((peerId) => this.verifying(peerId))
  }

  /** What a grove with this key signs and verifies by. */
  signatures(key: SigningKey): Signatures {
    return {
      key,
      signDsse: async (text) => (await key.signDsse(text)).toString('base64'),
      isSignedBy: async (peerId, signed) =>
        (await this.verifying(peerId)?.verifyInPool(signed)) ?? false,
    }
  }
}

interface Pair {
  readonly secret: KeyObject
  readonly open: KeyObject
}

/** How something is signed and verified. */
interface Scheme {
  sign(bytes: Uint8Array): Buffer
  holds(bytes: Uint8Array, signature: Uint8Array): boolean
}

class SimulatedKey extends SigningKey {
  readonly #scheme: Scheme

  constructor({ secret }: Pair, scheme: Scheme) {
    super(secret)
    this.#scheme = scheme
  }

  protected override signNow(bytes: Uint8Array): Buffer {
    return this.#scheme.sign(bytes)
  }

  protected override async signInPool(bytes: Uint8Array): Promise<Buffer> {
    return this.#scheme.sign(bytes)
  }
}

class SimulatedVerifyingKey extends VerifyingKey {
  readonly #scheme: Scheme

  constructor({ open }: Pair, scheme: Scheme) {
    super(open)
    this.#scheme = scheme
  }

  protected override async verify(bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
    return this.#scheme.holds(bytes, signature)
  }
}

function pairOf(secret: Buffer): Pair {
  const der = Buffer.concat([PKCS8_HEAD, secret])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return { secret: key, open: createPublicKey(key) }
}

const realScheme = ({ secret, open }: Pair): Scheme => ({
  sign: (bytes) => sign(null, bytes, secret),
  holds: (bytes, signature) => verify(null, bytes, open, signature),
})

/** What a grove says of itself and of its members: rare, and verified with nothing but the id. */
const RECORD = /^grove\/(?:node|members|rotation)\/1\n/

const isRecord = (bytes: Uint8Array): boolean =>
  RECORD.test(Buffer.from(bytes.subarray(0, 32)).toString('latin1'))

/** Real signatures of records, and stand-ins for all that there is much of. */
const realForRecords = (real: Scheme, other: Scheme): Scheme => ({
  sign: (bytes) => (isRecord(bytes) ? real : other).sign(bytes),
  holds: (bytes, signature) => (isRecord(bytes) ? real : other).holds(bytes, signature),
})

/** As long as a signature, and as hard to make without the secret. */
function standIn(secret: Buffer): Scheme {
  const made = (bytes: Uint8Array) => createHash('sha512').update(secret).update(bytes).digest()
  return { sign: made, holds: (bytes, signature) => made(bytes).equals(signature) }
}
