import { below, sample } from '../../../src/core/random.ts'
import { SLOTS } from '../../../src/protocol/membership/ranked-view.ts'
import { viewGraph } from '../graph.ts'
import type { Setting } from '../overlay.ts'
import { round } from '../spread.ts'
import type { Row } from '../table.ts'
import { type Grove, INTERVAL_MS, World, work } from '../world.ts'
import { type Attackers, attackers } from './attackers.ts'

/** Rounds before the attack, and those of it after which views are looked at. */
const BEFORE_ROUNDS = 20
const LOOKED_AT = [40, 100, 200]
/** Calls that an attacker makes in a round: as many as an honest grove, and more. */
const PACES = [1, 20]
const SHARES = [0.1, 0.2, 0.3, 0.4]
const FIRST_NEWCOMER = 1 << 19
const NEWCOMERS = 10
const NEWCOMER_ROUNDS = 10
const ENOUGH = 0.99
const MAX_ROUNDS = 50

/** What is measured where it is not all. */
export interface ProvenOptions {
  readonly shares?: readonly number[] | undefined
  readonly paces?: readonly number[] | undefined
  /** Rounds after which views are looked at; a best is published after the first. */
  readonly lookedAt?: readonly number[]
}

/**
 * Attackers that each have a host and a key, answer as such, name each other only, and call: what
 * they take of the views of honest groves that sample proven peers; how long a new best takes
 * beside the same honest groves alone; and in how many views newcomers are, who know one honest
 * seed.
 */
export function proven(
  setting: Setting,
  { shares = SHARES, paces = PACES, lookedAt = LOOKED_AT }: ProvenOptions = {},
): Row[] {
  return shares.flatMap((share) => {
    const alone = bestAfter(begin(setting, share), lookedAt[0] ?? 0)
    return paces.map((pace) => attacked(setting, { share, pace, alone, lookedAt }))
  })
}

interface Attack {
  readonly share: number
  readonly pace: number
  /** Rounds that a new best takes without attackers. */
  readonly alone: number | null
  readonly lookedAt: readonly number[]
}

function attacked(setting: Setting, { share, pace, alone, lookedAt }: Attack): Row {
  const { n, loss } = setting
  const world = begin(setting, share)
  const gang = attackers(world, { kind: 'hosts', count: Math.round(n * share), pace })
  gang.attack()
  const start = world.now
  let taken = 0
  const look = (rounds: number) => {
    while (world.now < start + rounds * INTERVAL_MS) {
      world.timeline.runUntil(world.now + INTERVAL_MS)
      taken = Math.max(taken, world.groves.filter((grove) => isTaken(gang, grove)).length)
    }
    world.checkInvariants()
    return round(takenShare(world), 3)
  }
  const first = lookedAt[0] ?? 0
  const columns: Record<string, number> = { [`after${first}`]: look(first) }
  const best = bestAfter(world, 0)
  for (const rounds of lookedAt.slice(1)) columns[`after${rounds}`] = look(rounds)
  return {
    attackers: share,
    pace,
    groves: n,
    loss,
    limit: round(share + 3 * Math.sqrt((share * (1 - share)) / (SLOTS * world.groves.length)), 3),
    ...columns,
    mostInAView: Math.max(...world.groves.map((grove) => placesOf(gang, grove))),
    gangOnly: taken,
    roundsTo99: best,
    aloneTo99: alone,
    ...newcomers(world, gang),
  }
}

function begin({ n, seed, loss }: Setting, share: number): World {
  const world = new World({ count: n - Math.round(n * share), seed, loss, sampling: 'proven' })
  world.runRounds(BEFORE_ROUNDS)
  return world
}

/** Rounds until 99 % know what is published after so many; null where it takes too long. */
function bestAfter(world: World, rounds: number): number | null {
  if (rounds > 0) world.runRounds(rounds)
  const item = work(0)
  world.store(world.groves[below(world.rng, world.groves.length)]!, item)
  const start = world.now
  const is = () => world.knowing(item.cid) >= ENOUGH
  world.timeline.runUntil(start + MAX_ROUNDS * INTERVAL_MS, { everyMs: 50, is })
  return is() ? round((world.now - start) / INTERVAL_MS, 3) : null
}

/**
 * Some join at once, with one seed each, which is honest: how many views each has been in by the
 * last round, and how many it is in then. Who is in all books is in as many at a time as anybody.
 */
function newcomers(world: World, gang: Attackers): Row {
  const seeds = sample(world.rng, world.groves, NEWCOMERS)
  const joined = seeds.map((seed, number) => {
    const grove = world.start(world.addressOf(FIRST_NEWCOMER + number), [seed.self])
    gang.pursue(grove)
    return grove
  })
  const having = joined.map(() => new Set<Grove>())
  for (let passed = 0; passed < NEWCOMER_ROUNDS; passed += 1) {
    world.timeline.runUntil(world.now + INTERVAL_MS)
    for (const [number, { self }] of joined.entries())
      for (const grove of world.groves)
        if (grove.gossip.peer(self.peerId)?.active) having[number]?.add(grove)
  }
  const now = joined.map(
    ({ self }) => world.groves.filter(({ gossip }) => gossip.peer(self.peerId)?.active).length,
  )
  const entered = having.map(({ size }) => size)
  const mean = (counts: readonly number[]) =>
    round(counts.reduce((sum, count) => sum + count, 0) / counts.length, 1)
  return {
    newcomersEntered: mean(entered),
    leastEntered: Math.min(...entered),
    newcomersIn: mean(now),
    leastIn: Math.min(...now),
  }
}

function takenShare(world: World): number {
  const { entries, dead } = viewGraph(world)
  return dead / entries
}

/** Whether all that a grove may call are attackers. */
const isTaken = (gang: Attackers, { gossip }: Grove): boolean => {
  const peers = gossip.peers().filter(({ status }) => status !== 'failed')
  return peers.length > 0 && peers.every(({ address }) => gang.isAt(address))
}

/** Places that attackers have in this grove's view. */
const placesOf = (gang: Attackers, { gossip }: Grove): number =>
  gossip.peers().filter(({ active, address }) => active && gang.isAt(address)).length
