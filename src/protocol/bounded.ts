/** Drops what was put first from a map or set that has grown past `most`: for memories that only spare work. */
export function forgetOldest<K>(memory: Map<K, unknown> | Set<K>, most: number): void {
  for (const key of memory.keys()) {
    if (memory.size <= most) return
    memory.delete(key)
  }
}
