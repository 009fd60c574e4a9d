import { below, sample } from '../../../src/core/random.ts'
import { viewGraph } from '../graph.ts'
import type { Setting } from '../overlay.ts'
import { round } from '../spread.ts'
import type { Row } from '../table.ts'
import { addressOf, type Grove, INTERVAL_MS, World, work } from '../world.ts'
import { type Attackers, attackers, type Kind } from './attackers.ts'

/**
 * Shuffles, and exchanges, that an attacker sends in a round: as many as an honest grove, and more.
 */
const PACES: Readonly<Record<Kind, readonly number[]>> = { hosts: [1, 20], paths: [20], ids: [20] }
const BEFORE_ROUNDS = 20
const ATTACK_ROUNDS = 40
/** Groves that join under attack, far from the numbers of others, and the rounds until they publish. */
const NEWCOMERS = 5
const FIRST_NEWCOMER = 1 << 19
const NEWCOMER_ROUNDS = 5
const MAX_ROUNDS = 150
const CHECKED_EVERY_MS = 50
const ENOUGH = 0.99
/** Works that are there when newcomers come: fewer than a digest has of one metric. */
const WORKS = 10

/**
 * Attackers answer every call with each other, and send shuffles full of each other: what they take
 * of honest views, how long a new best takes, and how groves fare that join under attack with
 * one honest seed each, beside the same without attackers.
 */
export function flood(
  setting: Setting,
  kinds: readonly Kind[] = ['hosts', 'paths', 'ids'],
  shares: readonly number[] = [0.1, 0.2, 0.3],
): Row[] {
  return shares.flatMap((share) => {
    const quiet = begin(setting, share)
    quiet.runRounds(ATTACK_ROUNDS)
    const alone = newcomers(quiet)
    return kinds.flatMap((kind) =>
      PACES[kind].map((pace) => attacked(setting, { share, kind, pace, alone })),
    )
  })
}

interface Attack {
  readonly share: number
  readonly kind: Kind
  readonly pace: number
  /** How newcomers fare without attackers. */
  readonly alone: Newcomers
}

function attacked(setting: Setting, { share, kind, pace, alone }: Attack): Row {
  const { n, loss } = setting
  const world = begin(setting, share)
  const gang = attackers(world, { kind, count: Math.round(n * share), pace })
  gang.attack()
  world.runRounds(ATTACK_ROUNDS / 2)
  const half = takenShare(world)
  world.runRounds(ATTACK_ROUNDS / 2)
  const taken = takenShare(world)
  const most = Math.max(...world.groves.map((grove) => placesOf(gang, grove)))
  const item = work(WORKS)
  world.store(world.groves[0]!, item)
  const roundsTo99 = roundsUntil(world, () => world.knowing(item.cid) >= ENOUGH)
  const { told, know } = newcomers(world, gang)
  return {
    kind,
    attackers: share,
    pace,
    groves: n,
    loss,
    viewsTaken20: round(half, 3),
    viewsTaken40: round(taken, 3),
    mostInAView: most,
    roundsTo99: rounded(roundsTo99),
    newcomersTold: rounded(told),
    toldAlone: rounded(alone.told),
    newcomersKnow: rounded(know),
    knowAlone: rounded(alone.know),
  }
}

/** The honest groves, with works that all of them know. */
function begin({ n, seed, loss }: Setting, share: number): World {
  const world = new World({ count: n - Math.round(n * share), seed, loss })
  for (let number = 0; number < WORKS; number += 1)
    world.store(world.groves[below(world.rng, world.groves.length)]!, work(number))
  world.runRounds(BEFORE_ROUNDS)
  return world
}

/** Rounds, the mean of all; null where one took longer than was waited for. */
interface Newcomers {
  /** From when one joins until it knows all that was there. */
  readonly know: number | null
  /** From when one publishes, some rounds later, until 99 % know that. */
  readonly told: number | null
}

/** Some join at once, with one seed each, which is honest. Attackers know them at once. */
function newcomers(world: World, gang?: Attackers): Newcomers {
  const seeds = sample(world.rng, world.groves, NEWCOMERS)
  const joined = seeds.map((seed, number) => {
    const grove = world.start(addressOf(FIRST_NEWCOMER + number), [seed.self])
    gang?.pursue(grove)
    return grove
  })
  const start = world.now
  const there = Array.from({ length: WORKS }, (_, number) => work(number).cid)
  const know = meanRounds(world, joined, (grove) => there.every((cid) => grove.known.has(cid)))
  world.timeline.runUntil(Math.max(world.now, start + NEWCOMER_ROUNDS * INTERVAL_MS))
  const items = joined.map((_, number) => work(WORKS + 1 + number))
  for (const [number, item] of items.entries()) world.store(joined[number]!, item)
  const told = meanRounds(world, items, ({ cid }) => world.knowing(cid) >= ENOUGH)
  return { know, told }
}

/** The mean of the rounds until it is so of each. */
function meanRounds<T>(world: World, each: readonly T[], is: (one: T) => boolean): number | null {
  const start = world.now
  const times: number[] = []
  const left = new Set(each)
  const rounds = roundsUntil(world, () => {
    for (const one of left) {
      if (!is(one)) continue
      left.delete(one)
      times.push((world.now - start) / INTERVAL_MS)
    }
    return left.size === 0
  })
  return rounds === null ? null : times.reduce((sum, time) => sum + time, 0) / times.length
}

function roundsUntil(world: World, is: () => boolean): number | null {
  const start = world.now
  world.timeline.runUntil(start + MAX_ROUNDS * INTERVAL_MS, { everyMs: CHECKED_EVERY_MS, is })
  return is() ? (world.now - start) / INTERVAL_MS : null
}

function takenShare(world: World): number {
  const { entries, dead } = viewGraph(world)
  return dead / entries
}

/** Places that attackers have in this grove's view. */
const placesOf = (gang: Attackers, { gossip }: Grove): number =>
  gossip.peers().filter(({ active, address }) => active && gang.isAt(address)).length

const rounded = (rounds: number | null) => (rounds === null ? null : round(rounds, 3))
