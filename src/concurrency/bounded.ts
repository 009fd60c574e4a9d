/** A map that keeps only the entries set last. For caches, which may forget. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #most: number
  readonly #onEvict: (key: K) => void

  /** Keeps at most `most` entries. `onEvict` gets the key of each entry that is evicted. */
  constructor(most: number, onEvict: (key: K) => void = () => {}) {
    super()
    this.#most = most
    this.#onEvict = onEvict
  }

  /** Puts an entry last, also if its key was present. A full map evicts its first entry. */
  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    evictOldest(this, this.#most, this.#onEvict)
    return this
  }
}

/** A set that keeps only the items added last. For caches, which may forget. */
export class BoundedSet<T> extends Set<T> {
  readonly #most: number

  constructor(most: number) {
    super()
    this.#most = most
  }

  /** Adds an item at the end. A present item keeps its place. A full set evicts its first item. */
  override add(item: T): this {
    super.add(item)
    evictOldest(this, this.#most)
    return this
  }
}

/** Deletes the first entries of a map or set until at most `most` are left. */
export function evictOldest<K>(
  memory: Map<K, unknown> | Set<K>,
  most: number,
  onEvict: (key: K) => void = () => {},
): void {
  for (const key of memory.keys()) {
    if (memory.size <= most) return
    memory.delete(key)
    onEvict(key)
  }
}

/** Adds an item to a set and keeps at most the last `most` items. */
export function addBounded<T>(set: Set<T>, item: T, most: number): void {
  set.add(item)
  evictOldest(set, most)
}
