import { below, sample } from '../../src/core/random.ts'
import { type Attackers, attackers, type Kind } from './attackers.ts'
import { viewGraph } from './graph.ts'
import type { Setting } from './overlay.ts'
import { round } from './spread.ts'
import type { Row } from './table.ts'
import { addressOf, type Grove, INTERVAL_MS, World, work } from './world.ts'

/**
 * Shuffles, and exchanges, that an attacker sends in a round: as many as an honest grove, and more.
 */
const PACES: Readonly<Record<Kind, readonly number[]>> = { hosts: [1, 20], paths: [20], ids: [20] }
const SHARES = [0.1, 0.2, 0.3]
const BEFORE_ROUNDS = 20
const ATTACK_ROUNDS = 40
/** Rounds of attack on the newcomer before it publishes. */
const NEWCOMER_ROUNDS = 5
const MAX_ROUNDS = 150
const CHECKED_EVERY_MS = 50
const ENOUGH = 0.99
/** Works that are there when the newcomer comes: fewer than a digest has of one metric. */
const WORKS = 10

/**
 * Attackers answer every call with each other, and send shuffles full of each other: what they take
 * of honest views, how long a new best takes, and how a grove fares that joins under attack with
 * one honest seed, beside the same grove without attackers.
 */
export function flood(setting: Setting): Row[] {
  return SHARES.flatMap((share) => {
    const quiet = begin(setting, share)
    quiet.runRounds(ATTACK_ROUNDS)
    const alone = newcomer(quiet)
    return (Object.keys(PACES) as Kind[]).flatMap((kind) =>
      PACES[kind].map((pace) => attacked(setting, { share, kind, pace, alone })),
    )
  })
}

interface Attack {
  readonly share: number
  readonly kind: Kind
  readonly pace: number
  /** How the newcomer fares without attackers. */
  readonly alone: Newcomer
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
  const { told, knows } = newcomer(world, gang)
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
    newcomerTold: rounded(told),
    toldAlone: rounded(alone.told),
    newcomerKnows: rounded(knows),
    knowsAlone: rounded(alone.knows),
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

/** Rounds; null where it took longer than was waited for. */
interface Newcomer {
  /** From when it joins until it knows all that was there. */
  readonly knows: number | null
  /** From when it publishes, some rounds later, until 99 % know that. */
  readonly told: number | null
}

/** Joins with one seed, which is honest. Attackers know it at once. */
function newcomer(world: World, gang?: Attackers): Newcomer {
  const seeds = sample(world.rng, world.groves, 1).map(({ self }) => self)
  const grove = world.start(addressOf(world.groves.length), seeds)
  gang?.pursue(grove)
  const joined = world.now
  const there = Array.from({ length: WORKS }, (_, number) => work(number).cid)
  const knows = roundsUntil(world, () => there.every((cid) => grove.known.has(cid)))
  world.timeline.runUntil(Math.max(world.now, joined + NEWCOMER_ROUNDS * INTERVAL_MS))
  const item = work(WORKS + 1)
  world.store(grove, item)
  return { knows, told: roundsUntil(world, () => world.knowing(item.cid) >= ENOUGH) }
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

const rounded = (rounds: number | null) => (rounds === null ? null : round(rounds, 2))
