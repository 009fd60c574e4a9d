import { below } from '../../src/core/random.ts'
import { churn } from './churn.ts'
import type { Row } from './table.ts'
import { INTERVAL_MS, World, type WorldOptions, work } from './world.ts'

/**
 * How items spread: by the periodic exchange alone, with announcements too, or as in Grove 0.1,
 * which never relays.
 */
export type Mode = 'exchange' | 'announce' | 'no relay'

export interface SpreadOptions {
  readonly n: number
  readonly seed: number
  readonly loss: number
  readonly churn: number
  readonly mode: Mode
  readonly maxRounds: number
  /** How views are filled. Default: by shuffles. */
  readonly view?: WorldOptions['sampling']
}

/**
 * Rounds before the new best is published: views have mixed by then. Groves that all start at once
 * have to prove each other first, with 16 candidates a round each.
 */
const WARM_UP_ROUNDS = { cyclon: 10, proven: 30 } as const
const ENOUGH = 0.99

/** Publishes a new best on one grove and waits until 99 % of those that are up know it. */
export function spread(options: SpreadOptions): Row {
  const { n, seed, loss, churn: share, mode, maxRounds, view = 'cyclon' } = options
  const world = new World({ count: n, seed, loss, sampling: view, ...ways[mode] })
  const publisher = world.groves[below(world.rng, n)]!
  churn(world, share, publisher)
  world.runRounds(WARM_UP_ROUNDS[view])
  world.tally.reset()
  const start = world.now
  const item = work(0)
  world.store(publisher, item)
  const everyMs = mode === 'no relay' ? INTERVAL_MS / 10 : 10
  world.timeline.runUntil(start + maxRounds * INTERVAL_MS, {
    everyMs,
    is: () => world.knowing(item.cid) >= ENOUGH,
  })
  const elapsed = world.now - start
  const knowing = world.knowing(item.cid)
  const roundsTo99 = knowing >= ENOUGH ? round(elapsed / INTERVAL_MS, 2) : null
  return {
    groves: n,
    loss,
    churn: share,
    mode,
    roundsTo99,
    secondsTo99: roundsTo99 === null ? null : round(elapsed / 1_000, 2),
    knowing: round(knowing, 4),
    exchangesPerGrove: round(world.tally.exchanges / n, 1),
  }
}

const ways: Readonly<Record<Mode, Partial<WorldOptions>>> = {
  exchange: { announcements: false },
  announce: {},
  'no relay': { announcements: false, relay: false },
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
