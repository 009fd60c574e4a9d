/**
 * Where a grove keeps its private key, as a PKCS#8 text that is shown to nobody.
 *
 * Contract: a change is durable when it resolves. A key that is replaced stays until the other has
 * taken its place. Throws `refused` where others could read the key or have put it there,
 * `storage-full`, `read-only`, `storage-failed`.
 */
export interface KeyStore {
  /** Undefined if there is none. */
  read(): Promise<string | undefined>
  /** Keeps a key in the place of any other. */
  keep(pem: string): Promise<void>
  /** Lays the next key beside the present one. */
  prepare(pem: string): Promise<void>
  /** The next key; undefined if there is none. */
  prepared(): Promise<string | undefined>
  /** Puts the next key in the place of the present one, or drops it. */
  settle(outcome: 'take' | 'drop'): Promise<void>
}
