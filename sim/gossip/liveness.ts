import { sample } from '../../src/core/random.ts'
import { suspicionRounds } from '../../src/protocol/membership/liveness.ts'
import type { Setting } from './overlay.ts'
import { round } from './spread.ts'
import type { Row } from './table.ts'
import { type Grove, INTERVAL_MS, World, work } from './world.ts'

const WARM_UP_ROUNDS = 20
const MEASURED_ROUNDS = 50
const DYING_SHARE = 0.02
/** Longer than any suspicion lasts, and shorter than the memory of failed peers. */
const DEAD_ROUNDS = 40

/**
 * False alarms while no grove dies. Then some die, and later start again: when that is noticed, and
 * whether third parties ever revive a dead one.
 */
export function liveness({ n, seed, loss, view = 'cyclon' }: Setting): Row[] {
  const world = new World({ count: n, seed, loss, sampling: view })
  const watch = new Watch(world)
  world.runRounds(WARM_UP_ROUNDS)
  watch.begin()
  world.runRounds(MEASURED_ROUNDS)
  const quiet = { suspected: watch.suspected.length, failed: watch.failed.length }
  const dying = sample(world.rng, world.groves, Math.max(1, Math.round(n * DYING_SHARE)))
  for (const grove of dying) world.stop(grove)
  watch.begin(dying)
  world.runRounds(DEAD_ROUNDS)
  const rounds = (moments: readonly number[], since: number) =>
    moments.map((at) => (at - since) / INTERVAL_MS)
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
      revivedByOthers: watch.revived,
      ...back,
    },
  ]
}

/**
 * Starts the dead again with two seeds each: rounds until each is alive in another's view, and
 * knows the latest item.
 */
function restart(world: World, dead: readonly Grove[]): Row {
  const item = work(0)
  world.store(world.groves[0]!, item)
  world.runRounds(10)
  const start = world.now
  const started = dead.map(({ self }) => {
    const seeds = sample(world.rng, world.groves, 2).map((grove) => grove.self)
    return { self, grove: world.start(self, seeds) }
  })
  const isBack = (self: Grove['self']) =>
    world.groves.some(({ gossip }) => {
      const peer = gossip.peer(self.peerId)
      return peer?.status === 'alive' && peer.active
    })
  const back = new Map<string, number>()
  const knowing = new Map<string, number>()
  const look = () => {
    for (const { self, grove } of started) {
      if (!back.has(self.peerId) && isBack(self))
        back.set(self.peerId, (world.now - start) / INTERVAL_MS)
      if (!knowing.has(self.peerId) && grove.held.has(item.cid)) {
        knowing.set(self.peerId, (world.now - start) / INTERVAL_MS)
      }
    }
    return back.size === started.length && knowing.size === started.length
  }
  world.timeline.runUntil(start + 20 * INTERVAL_MS, { everyMs: 100, is: look })
  const slowest = (rounds: ReadonlyMap<string, number>) =>
    rounds.size < started.length ? null : round(Math.max(...rounds.values()), 2)
  return {
    back: round(mean([...back.values()]), 2),
    lastBack: slowest(back),
    knowing: round(mean([...knowing.values()]), 2),
    lastKnowing: slowest(knowing),
  }
}

/** Notes changes of status. */
class Watch {
  since = 0
  suspected: number[] = []
  failed: number[] = []
  /** How often a dead grove was taken for recovered. */
  revived = 0
  /** Which groves had which of the dead in view; undefined while all count. */
  #pairs: ReadonlySet<string> | undefined

  constructor(world: World) {
    world.onEffect = (grove, effect) => {
      if (effect.type !== 'peer-status') return
      const pair = `${grove.self.peerId} ${effect.peer.peerId}`
      const counts = this.#pairs === undefined || this.#pairs.has(pair)
      if (effect.status === 'suspected' && counts) this.suspected.push(world.now)
      else if (effect.status === 'failed' && counts) this.failed.push(world.now)
      else if (effect.status === 'recovered' && this.#isDead(effect.peer.address)) this.revived += 1
    }
    this.#world = world
  }

  readonly #world: World

  /**
   * Starts to count all changes, or only those in views that had these dead groves in them.
   */
  begin(dead: readonly Grove[] = []): void {
    this.since = this.#world.now
    this.suspected = []
    this.failed = []
    if (dead.length === 0) return
    const ids = new Set(dead.map((grove) => grove.self.peerId))
    const having = this.#world.groves.flatMap(({ self, gossip }) =>
      gossip
        .peers()
        .flatMap(({ peerId, active: inView }) =>
          inView && ids.has(peerId) ? [`${self.peerId} ${peerId}`] : [],
        ),
    )
    this.#pairs = new Set(having)
  }

  #isDead(address: string): boolean {
    return this.#world.groveAt(address)?.up === false
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length
