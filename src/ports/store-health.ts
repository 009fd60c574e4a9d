import type { Cid } from '../core/cid.ts'

/** Bytes that a store read and that don't have their hash. */
export interface Damage {
  readonly hash: Cid
  readonly what: 'blob' | 'manifest'
}

/** How much there is of a disk, in bytes. */
export interface DiskRoom {
  readonly freeBytes: number
  readonly sizeBytes: number
}

/**
 * How a store is doing.
 *
 * Contract: what is damaged counts as missing until right bytes are stored again. The damaged bytes
 * are kept apart until then. Only a read of the whole finds damage.
 */
export interface StoreHealth {
  /** The hashes of what is damaged, as far as it was found. */
  damaged(): Cid[]
  /** Calls the listener whenever damage is found, until the returned function is called. */
  onDamage(listener: (damage: Damage) => void): () => void
  /**
   * Resolves if something can be stored now, as far as the free space tells; with `writes` it
   * stores something to see. Throws `storage-full`, `storage-failed`.
   */
  check(options: { readonly writes: boolean }): Promise<void>
  /** The room on the disk; undefined where the store is on none, or the system doesn't say. */
  room(): Promise<DiskRoom | undefined>
  /**
   * Notes the grove's id beside its data, so that a loss of the database alone is noticed. Where
   * that fails, nothing is thrown: it is tried again at the next start.
   */
  keepId(id: string): Promise<void>
}
