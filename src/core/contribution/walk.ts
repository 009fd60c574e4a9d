import type { Cid } from '../cid.ts'

/** A contribution that a walk has reached. */
export interface Visit {
  readonly cid: Cid
  /** The fewest steps from the start. */
  readonly depth: number
}

/** Where a walk ends. */
export interface WalkLimits {
  /** The most steps from the start. */
  readonly maxDepth: number
  /** The most visits, including the start. */
  readonly maxCount: number
}

/** The neighbours of contributions. One without any may be left out. */
export type Neighbours = ReadonlyMap<Cid, readonly Cid[]>

/**
 * A bounded breadth-first walk without I/O. It yields the cids whose neighbours it needs, is
 * resumed with those neighbours, and returns its visits in their order, each cid once. After
 * `maxCount` visits it still yields, and adds nothing.
 */
export function* breadthFirst(
  start: Cid,
  limits: WalkLimits,
): Generator<readonly Cid[], Visit[], Neighbours> {
  const visits: Visit[] = [{ cid: start, depth: 0 }]
  const seen = new Set<Cid>([start])
  let layer: readonly Cid[] = [start]
  for (let depth = 1; depth <= limits.maxDepth && layer.length > 0; depth++) {
    const neighbours = yield layer
    const next: Cid[] = []
    for (const cid of layer.flatMap((from) => neighbours.get(from) ?? [])) {
      if (seen.has(cid)) continue
      if (seen.size >= limits.maxCount) break
      seen.add(cid)
      next.push(cid)
      visits.push({ cid, depth })
    }
    layer = next
  }
  return visits
}
