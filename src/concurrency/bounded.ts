/** Drops what was put first from a map or set that has grown past `most`: for memories that only spare work. */
export function evictOldest<K>(memory: Map<K, unknown> | Set<K>, most: number): void {
  for (const key of memory.keys()) {
    if (memory.size <= most) return
    memory.delete(key)
  }
}

/** Puts an item last in a set that forgets what was put first beyond `most`. */
export function addBounded<T>(set: Set<T>, item: T, most: number): void {
  set.add(item)
  evictOldest(set, most)
}
