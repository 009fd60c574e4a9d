import { below, sample } from '../../src/core/random.ts'
import { clustering, type Graph, inDegrees, paths, randomGraph, viewGraph } from './graph.ts'
import { round } from './spread.ts'
import type { Row } from './table.ts'
import { INTERVAL_MS, World, type WorldOptions, work } from './world.ts'

const MIXING_ROUNDS = 30

export interface Setting {
  readonly n: number
  readonly seed: number
  readonly loss: number
  /** How views are filled. Default: by shuffles. */
  readonly view?: WorldOptions['sampling']
}

/**
 * The overlay that the views make after 30 rounds, beside a random graph of the same size and
 * degree.
 */
export function sampling({ n, seed, loss, view = 'cyclon' }: Setting): Row[] {
  const world = new World({ count: n, seed, loss, sampling: view })
  world.runRounds(MIXING_ROUNDS)
  const { graph, entries } = viewGraph(world)
  const degree = Math.round(entries / n)
  const row = (name: string, of: Graph): Row => {
    const { mean, deviation, least, most } = inDegrees(of)
    const { mean: steps, reached } = paths(of)
    return {
      graph: name,
      groves: n,
      loss,
      inDegree: round(mean, 2),
      deviation: round(deviation, 2),
      least,
      most,
      clustering: round(clustering(of), 4),
      pathLength: round(steps, 3),
      connected: round(reached, 4),
    }
  }
  return [row('views', graph), row('random', randomGraph(world.rng, n, degree))]
}

/**
 * Half of the groves vanish at once: what is left of the overlay, and how long the dead stay in
 * views.
 */
export function recovery({ n, seed, loss, view = 'cyclon' }: Setting): Row[] {
  const world = new World({ count: n, seed, loss, sampling: view })
  world.runRounds(MIXING_ROUNDS)
  for (const grove of sample(world.rng, world.groves, Math.floor(n / 2))) world.stop(grove)
  const start = world.now
  const item = work(0)
  world.store(world.groves[below(world.rng, world.groves.length)]!, item)
  const rows: Row[] = []
  for (const rounds of [0, 1, 2, 5, 10, 15, 20, 30]) {
    world.timeline.runUntil(start + rounds * INTERVAL_MS)
    const { graph, entries, dead } = viewGraph(world)
    rows.push({
      vanished: '50 %',
      groves: n,
      loss,
      rounds,
      deadInViews: round(dead / entries, 4),
      viewSize: round(entries / graph.length, 2),
      connected: round(paths(graph, 1).reached, 4),
      knowing: round(world.knowing(item.cid), 4),
    })
  }
  return rows
}

/**
 * One grove dies: rounds until it is first suspected, until half of the views that had it don't,
 * and until none does.
 */
export function departure({ n, seed, loss, view = 'cyclon' }: Setting): Row[] {
  const world = new World({ count: n, seed, loss, sampling: view })
  world.runRounds(MIXING_ROUNDS)
  const gone = world.groves[below(world.rng, n)]!
  const having = () =>
    world.groves.filter((grove) =>
      grove.gossip
        .peers()
        .some(({ peerId, active: inView }) => inView && peerId === gone.self.peerId),
    )
  const start = world.now
  let suspectedAt: number | undefined
  world.onEffect = (_grove, effect) => {
    if (effect.type !== 'peer-status' || effect.peer.peerId !== gone.self.peerId) return
    if (effect.status === 'suspected') suspectedAt ??= world.now
  }
  world.stop(gone)
  const before = having().length
  const until = (left: number) => {
    world.timeline.runUntil(start + 100 * INTERVAL_MS, {
      everyMs: 1_000,
      is: () => having().length <= left,
    })
    return round((world.now - start) / INTERVAL_MS, 1)
  }
  const half = until(before / 2)
  const all = until(0)
  const suspected = suspectedAt === undefined ? null : round((suspectedAt - start) / INTERVAL_MS, 1)
  return [
    {
      vanished: 'one',
      groves: n,
      loss,
      inViewsOf: before,
      suspected,
      outOfHalf: half,
      outOfAll: all,
    },
  ]
}
