import { below } from '../../src/core/random.ts'
import { type Grove, INTERVAL_MS, type World } from './world.ts'

const STEP_MS = 1_000

/**
 * From now on `share` of the groves leave for good each round, and as many new ones join.
 */
export function churn(world: World, share: number, spared?: Grove): void {
  if (share === 0) return
  let due = 0
  const step = () => {
    due += (share * world.groves.length * STEP_MS) / INTERVAL_MS
    for (; due >= 1; due -= 1) {
      const leaving = world.groves[below(world.rng, world.groves.length)]
      if (leaving === undefined || leaving === spared) continue
      world.stop(leaving)
      world.join()
    }
    world.timeline.after(STEP_MS, step)
  }
  world.timeline.after(STEP_MS, step)
}
