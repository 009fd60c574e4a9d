import { BoundedMap } from '../concurrency/bounded.ts'
import { type KeyId, VerifyingKey } from '../core/identity/ed25519.ts'

/** Keys that are kept ready. */
const KEYS_MAX = 1_024

/** Public keys of groves, kept ready to verify. */
export class KnownKeys {
  readonly #known = new BoundedMap<KeyId, VerifyingKey>(KEYS_MAX)

  /** The key in an id; undefined where there is none. */
  get(peerId: KeyId): VerifyingKey | undefined {
    const known = this.#known.get(peerId)
    if (known !== undefined) return known
    const key = VerifyingKey.of(peerId)
    if (key !== undefined) this.#known.set(peerId, key)
    return key
  }
}
