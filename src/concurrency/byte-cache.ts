import { OldestFirst } from './bounded.ts'

/** One value may take this share of a cache: a few giants must not push out everything else. */
const SHARE_MAX = 1 / 8

interface Kept<V> {
  readonly value: V
  readonly bytes: number
}

/** A cache of at most so many bytes, as callers estimate them. Drops what was used longest ago. */
export class ByteCache<K, V extends object> {
  readonly #maxBytes: number
  readonly #kept = new Map<K, Kept<V>>()
  readonly #oldest = new OldestFirst(this.#kept)
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Estimated bytes of all that is kept. */
  get bytes(): number {
    return this.#bytes
  }

  get(key: K): V | undefined {
    const found = this.#kept.get(key)
    if (found === undefined) return undefined
    this.#kept.delete(key)
    this.#kept.set(key, found)
    return found.value
  }

  /** Keeps a value, unless it is too large for this cache. Gives the value back. */
  keep(key: K, value: V, bytes: number): V {
    this.#drop(key)
    if (bytes > this.#maxBytes * SHARE_MAX) return value
    this.#kept.set(key, { value, bytes })
    this.#bytes += bytes
    while (this.#bytes > this.#maxBytes) this.#drop(this.#oldest.next())
    return value
  }

  #drop(key: K): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0
    this.#kept.delete(key)
  }
}
