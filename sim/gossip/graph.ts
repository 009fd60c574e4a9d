import { below, type Random } from '../../src/core/random.ts'
import type { World } from './world.ts'

/** The nodes in the view of each node, by number. */
export type Graph = readonly (readonly number[])[]

/**
 * The views of the groves that are up, without entries for groves that are gone, which are counted.
 */
export function viewGraph(world: World): { graph: Graph; entries: number; dead: number } {
  const numbers = new Map(world.groves.map((grove, number) => [grove.self.peerId, number]))
  let entries = 0
  let dead = 0
  const graph = world.groves.map((grove) => {
    const view = grove.gossip.peers().filter((peer) => peer.active)
    const live = view.flatMap(({ peerId }) => numbers.get(peerId) ?? [])
    entries += view.length
    dead += view.length - live.length
    return live
  })
  return { graph, entries, dead }
}

/** Each node points to `degree` others at random. */
export function randomGraph(random: Random, size: number, degree: number): Graph {
  return Array.from({ length: size }, (_, node) => {
    const chosen = new Set<number>()
    while (chosen.size < Math.min(degree, size - 1)) {
      const other = below(random, size)
      if (other !== node) chosen.add(other)
    }
    return [...chosen]
  })
}

export interface Spread {
  readonly mean: number
  readonly deviation: number
  readonly least: number
  readonly most: number
}

/** How many views each node is in. */
export function inDegrees(graph: Graph): Spread {
  const degrees = graph.map(() => 0)
  for (const others of graph) for (const other of others) degrees[other] = (degrees[other] ?? 0) + 1
  const mean = degrees.reduce((sum, degree) => sum + degree, 0) / degrees.length
  const variance = degrees.reduce((sum, degree) => sum + (degree - mean) ** 2, 0) / degrees.length
  return {
    mean,
    deviation: Math.sqrt(variance),
    least: Math.min(...degrees),
    most: Math.max(...degrees),
  }
}

/** The links in both directions: gossip is push-pull. */
function bothWays(graph: Graph): Set<number>[] {
  const linked = graph.map((others) => new Set(others))
  for (const [node, others] of graph.entries()) for (const other of others) linked[other]?.add(node)
  return linked
}

/**
 * The mean share of a node's neighbours that are neighbours of each other (Watts and Strogatz
 * 1998).
 */
export function clustering(graph: Graph): number {
  const linked = bothWays(graph)
  const shares = linked.map((neighbours) => {
    const list = [...neighbours]
    const pairs = (list.length * (list.length - 1)) / 2
    if (pairs === 0) return 0
    let closed = 0
    for (const [index, a] of list.entries())
      for (const b of list.slice(index + 1)) if (linked[a]?.has(b)) closed += 1
    return closed / pairs
  })
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}

/**
 * Mean steps between two nodes, from a sample of `sources`; and the share of nodes that the first
 * source reaches.
 */
export function paths(graph: Graph, sources = 50): { mean: number; reached: number } {
  const linked = bothWays(graph)
  let steps = 0
  let pairs = 0
  let reached = 0
  const stride = Math.max(1, Math.floor(graph.length / sources))
  for (let source = 0; source < graph.length; source += stride) {
    const distances = distancesFrom(linked, source)
    if (source === 0) reached = distances.size / graph.length
    for (const distance of distances.values()) steps += distance
    pairs += distances.size - 1
  }
  return { mean: steps / pairs, reached }
}

function distancesFrom(
  linked: readonly ReadonlySet<number>[],
  source: number,
): Map<number, number> {
  const distances = new Map([[source, 0]])
  for (const [node, distance] of distances) {
    for (const other of linked[node] ?? [])
      if (!distances.has(other)) distances.set(other, distance + 1)
  }
  return distances
}
