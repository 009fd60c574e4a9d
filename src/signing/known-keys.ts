import { BoundedMap } from '../concurrency/bounded.ts'
import { type KeyId, VerifyingKey } from '../core/identity/ed25519.ts'

/** Keys that are kept ready. */
const KEYS_MAX = 1_024

/** Public keys of groves, kept ready to verify. */
export class KnownKeys {
  readonly #known = new BoundedMap<KeyId, VerifyingKey>(KEYS_MAX)
  readonly #read: (peerId: KeyId) => VerifyingKey | undefined

  /** `read` gives the key in an id. Default: one that verifies in the system's pool. */
  constructor(read: (peerId: KeyId) => VerifyingKey | undefined = VerifyingKey.of) {
    this.#read = read
  }

  /** The key in an id; undefined where there is none. */
  get(peerId: KeyId): VerifyingKey | undefined {
    const known = this.#known.get(peerId)
    if (known !== undefined) return known
    const key = this.#read(peerId)
    if (key !== undefined) this.#known.set(peerId, key)
    return key
  }
}
