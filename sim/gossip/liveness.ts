import { sample } from '../../src/protocol/chance.ts'
import { suspicionRounds } from '../../src/protocol/liveness.ts'
import type { Setting } from './overlay.ts'
import { round } from './spread.ts'
import type { Row } from './table.ts'
import { type Grove, INTERVAL_MS, World, work } from './world.ts'

const WARM_UP_ROUNDS = 20
const MEASURED_ROUNDS = 50
const DYING_SHARE = 0.02
/** Longer than any suspicion lasts, and shorter than the memory of failed peers. */
const DEAD_ROUNDS = 40

/** False alarms while nobody dies; then some die, and later start again: when that is noticed, and whether hearsay ever revives. */
export function liveness({ n, seed, loss }: Setting): Row[] {
  const world = new World({ count: n, seed, loss })
  const watch = new Watch(world)
  world.runRounds(WARM_UP_ROUNDS)
  watch.begin()
  world.runRounds(MEASURED_ROUNDS)
  const quiet = { suspected: watch.suspected.length, failed: watch.failed.length }
  const dying = sample(world.chance, world.groves, Math.max(1, Math.round(n * DYING_SHARE)))
  for (const grove of dying) world.stop(grove)
  watch.begin(dying)
  world.runRounds(DEAD_ROUNDS)
  const rounds = (moments: readonly number[], since: number) => moments.map((at) => (at - since) / INTERVAL_MS)
  const suspected = rounds(watch.suspected, watch.since)
  const failed = rounds(watch.failed, watch.since)
  const back = restart(world, dying)
  const perGroveRound = (count: number) => round(count / n / MEASURED_ROUNDS, 4)
  return [
    {
      groves: n,
      loss,
      falseSuspicions: perGroveRound(quiet.suspected),
      falseFailures: perGroveRound(quiet.failed),
      firstSuspected: round(Math.min(...suspected), 1),
      suspected: round(mean(suspected), 1),
      failed: round(mean(failed), 1),
      lastFailed: round(Math.max(...failed), 1),
      silence: suspicionRounds(10),
      revivedByHearsay: watch.revived,
      ...back,
    },
  ]
}

/** Starts the dead again with two seeds each: rounds until each is alive for somebody else, and knows what is new. */
function restart(world: World, dead: readonly Grove[]): Row {
  const item = work(0)
  world.store(world.groves[0]!, item)
  world.runRounds(10)
  const start = world.now
  const started = dead.map(({ self }) => {
    const seeds = sample(world.chance, world.groves, 2).map((grove) => grove.self)
    return { self, grove: world.start(self, seeds) }
  })
  const isBack = (self: Grove['self']) =>
    world.groves.some((grove) => {
      const peer = grove.replica.peer(self.peerId)
      return peer?.status === 'alive' && (peer.lastContact ?? 0) >= start
    })
  const within = (all: () => boolean) => {
    world.timeline.runUntil(start + 20 * INTERVAL_MS, { everyMs: 100, is: all })
    return all() ? round((world.now - start) / INTERVAL_MS, 2) : null
  }
  return {
    backWithin: within(() => started.every(({ self }) => isBack(self))),
    knowingWithin: within(() => started.every(({ grove }) => grove.held.has(item.cid))),
  }
}

/** Notes changes of standing. */
class Watch {
  since = 0
  suspected: number[] = []
  failed: number[] = []
  /** Changes for the better of groves that are dead. */
  revived = 0
  #dead: ReadonlySet<string> | undefined

  constructor(world: World) {
    world.onEffect = (_grove, effect) => {
      if (effect.type !== 'peer-status') return
      const dead = this.#dead?.has(effect.peer.peerId)
      if (this.#dead !== undefined && !dead) return
      if (effect.status === 'suspected') this.suspected.push(world.now)
      else if (effect.status === 'failed') this.failed.push(world.now)
      else if (dead === true && world.groveAt(effect.peer.address)?.up === false) this.revived += 1
    }
    this.#world = world
  }

  readonly #world: World

  /** Starts to count: all changes, or those of the groves that have just died. */
  begin(dead?: readonly Grove[]): void {
    this.since = this.#world.now
    this.suspected = []
    this.failed = []
    this.#dead = dead && new Set(dead.map((grove) => grove.self.peerId))
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
