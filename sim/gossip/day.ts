import type { Setting } from './overlay.ts'
import { round } from './spread.ts'
import type { Row } from './table.ts'
import { INTERVAL_MS, World, work } from './world.ts'

/** Works published in a day: one a quarter of an hour. */
const PUBLICATIONS = 96

/** Twenty-four virtual hours of gossip, and how long they take. `clock` gives the milliseconds of the real one. */
export function day({ n, seed, loss }: Setting, clock: () => number): Row[] {
  const world = new World({ count: n, seed, loss })
  const rounds = (24 * 60 * 60 * 1_000) / INTERVAL_MS
  const began = clock()
  for (let index = 0; index < PUBLICATIONS; index += 1) {
    world.store(world.groves[(index * 7) % n]!, work(index))
    world.runRounds(rounds / PUBLICATIONS)
  }
  const seconds = (clock() - began) / 1_000
  return [
    {
      groves: n,
      loss,
      virtualHours: 24,
      seconds: round(seconds, 1),
      microsecondsAGroveRound: round((seconds * 1e6) / n / rounds, 1),
      exchanges: world.tally.exchanges,
      shuffles: world.tally.shuffles,
      knowing: round(world.knowing(work(PUBLICATIONS - 1).cid), 4),
    },
  ]
}
