/** A map that keeps only the entries set last: for memories that spare work and may forget. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #most: number
  readonly #onEvict: (key: K) => void

  /** Keeps at most `most` entries. `onEvict` is told the key of each that gives way. */
  constructor(most: number, onEvict: (key: K) => void = () => {}) {
    super()
    this.#most = most
    this.#onEvict = onEvict
  }

  /**
   * Puts the entry last, also where the key was known; the first one is evicted when it is full.
   */
  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    evictOldest(this, this.#most, this.#onEvict)
    return this
  }
}

/** A set that keeps only the items added last: for memories that spare work and may forget. */
export class BoundedSet<T> extends Set<T> {
  readonly #most: number

  constructor(most: number) {
    super()
    this.#most = most
  }

  /** Adds an item and evicts the first when it is full. A known item keeps its place. */
  override add(item: T): this {
    super.add(item)
    evictOldest(this, this.#most)
    return this
  }
}

/** Drops what was put first from a map or set that has grown past `most`. */
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

/** Puts an item last in a set that forgets what was put first beyond `most`. */
export function addBounded<T>(set: Set<T>, item: T, most: number): void {
  set.add(item)
  evictOldest(set, most)
}
