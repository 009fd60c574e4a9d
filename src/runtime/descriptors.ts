import { readFileSync } from 'node:fs'

/** Descriptors that this process may have at once; undefined where the system doesn't say. */
export function descriptorsMax(): number | undefined {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
    return found === null ? undefined : Number(found[1])
  } catch {
    return undefined
  }
}
