import type { Setting } from './overlay.ts'
import { round } from './spread.ts'
import type { Row } from './table.ts'
import { INTERVAL_MS, World, work } from './world.ts'

/** One work is published a quarter of an hour. */
const PUBLISHED_EVERY_MS = 15 * 60 * 1_000

/**
 * Virtual hours of gossip, and the processor time that they take. `clock` gives that time in
 * milliseconds.
 */
export function day(
  { n, seed, loss, view = 'cyclon' }: Setting,
  hours: number,
  clock: () => number,
): Row[] {
  const world = new World({ count: n, seed, loss, sampling: view })
  const publications = Math.ceil((hours * 60 * 60 * 1_000) / PUBLISHED_EVERY_MS)
  const rounds = (publications * PUBLISHED_EVERY_MS) / INTERVAL_MS
  const began = clock()
  for (let index = 0; index < publications; index += 1) {
    world.store(world.groves[(index * 7) % n]!, work(index))
    world.runRounds(PUBLISHED_EVERY_MS / INTERVAL_MS)
  }
  const seconds = (clock() - began) / 1_000
  return [
    {
      groves: n,
      loss,
      virtualHours: (rounds * INTERVAL_MS) / 3_600_000,
      cpuSeconds: round(seconds, 1),
      microsecondsAGroveRound: round((seconds * 1e6) / n / rounds, 1),
      exchanges: world.tally.exchanges,
      shuffles: world.tally.shuffles,
      knowing: round(world.knowing(work(publications - 1).cid), 4),
    },
  ]
}
