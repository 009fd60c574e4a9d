import type { Cid } from '../cid.ts'

/** A contribution met on a walk, and how many steps from the start. */
export interface Visit {
  readonly cid: Cid
  readonly depth: number
}

export interface WalkLimits {
  /** Steps from the start at the most. */
  readonly maxDepth: number
  /** Contributions met at the most, the start included. */
  readonly maxCount: number
}

/** The neighbours of one contribution, as the caller found them. */
export type Neighbours = ReadonlyMap<Cid, readonly Cid[]>

/**
 * A bounded breadth-first walk without I/O: yields the cids whose neighbours it needs, is resumed
 * with them, and returns the visits in the order met, each cid once. It ends at a depth, a count,
 * or where the graph ends. Once the count is reached, neighbours are still asked for, and add
 * nothing.
 */
export function* breadthFirst(
  start: Cid,
  limits: WalkLimits,
): Generator<readonly Cid[], Visit[], Neighbours> {
  const visits: Visit[] = [{ cid: start, depth: 0 }]
  const seen = new Set<Cid>([start])
  let edge: readonly Cid[] = [start]
  for (let depth = 1; depth <= limits.maxDepth && edge.length > 0; depth++) {
    const neighbours = yield edge
    const next: Cid[] = []
    for (const cid of edge.flatMap((from) => neighbours.get(from) ?? [])) {
      if (seen.has(cid)) continue
      if (seen.size >= limits.maxCount) break
      seen.add(cid)
      next.push(cid)
      visits.push({ cid, depth })
    }
    edge = next
  }
  return visits
}
