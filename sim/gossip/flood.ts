import type { PeerAddress } from '../../src/core/peers/peer.ts'
import { below, type Random, sample } from '../../src/core/random.ts'
import { timestamp } from '../../src/core/time.ts'
import type { PeerInfo } from '../../src/core/wire/gossip.ts'
import type { Effect } from '../../src/protocol/messages.ts'
import { viewGraph } from './graph.ts'
import type { Setting } from './overlay.ts'
import { round } from './spread.ts'
import type { Row } from './table.ts'
import { addressOf, INTERVAL_MS, World, work } from './world.ts'

/**
 * Shuffles, and exchanges, that an attacker sends in a round: as many as an honest grove, and more.
 */
const PACES = [1, 20]
const BEFORE_ROUNDS = 20
const ATTACK_ROUNDS = 40
const MAX_ROUNDS = 150
/** Far from the numbers of honest groves. */
const FIRST_ATTACKER = 1 << 20

/**
 * The share of honest views taken by attackers that answer every call with each other, and send
 * shuffles full of each other.
 */
export function flood({ n, seed, loss }: Setting): Row[] {
  return PACES.flatMap((pace) =>
    [0.1, 0.2, 0.3].map((share) => attacked({ n, seed, loss }, share, pace)),
  )
}

function attacked({ n, seed, loss }: Setting, share: number, pace: number): Row {
  const count = Math.round(n * share)
  const world = new World({ count: n - count, seed, loss })
  world.runRounds(BEFORE_ROUNDS)
  const attackers = Array.from({ length: count }, (_, index) => addressOf(FIRST_ATTACKER + index))
  for (const attacker of attackers) attack(world, attacker, attackers, pace)
  world.runRounds(ATTACK_ROUNDS / 2)
  const half = takenShare(world)
  world.runRounds(ATTACK_ROUNDS / 2)
  const taken = takenShare(world)
  const item = work(0)
  const start = world.now
  world.store(world.groves[0]!, item)
  const knows = () => world.knowing(item.cid) >= 0.99
  world.timeline.runUntil(start + MAX_ROUNDS * INTERVAL_MS, { everyMs: 1_000, is: knows })
  const roundsTo99 = knows() ? round((world.now - start) / INTERVAL_MS, 2) : null
  const cut = world.groves.filter((grove) => honestIn(world, grove.gossip.peers()) === 0).length
  return {
    attackers: share,
    pace,
    groves: n,
    loss,
    viewsTaken20: round(half, 3),
    viewsTaken40: round(taken, 3),
    cutOff: cut,
    roundsTo99,
  }
}

function takenShare(world: World): number {
  const { entries, dead } = viewGraph(world)
  return dead / entries
}

function honestIn(
  world: World,
  peers: readonly { readonly address: string; readonly active: boolean }[],
): number {
  return peers.filter(({ address, active }) => active && world.groveAt(address) !== undefined)
    .length
}

function attack(world: World, self: PeerAddress, all: readonly PeerAddress[], pace: number): void {
  const { rng } = world
  world.impersonate(self.address, (input): Effect | undefined => {
    if (input.type === 'exchange-received')
      return { type: 'reply-exchange', message: greeting(self, world.now) }
    if (input.type === 'shuffle-received')
      return { type: 'reply-shuffle', response: { offered: gang(rng, all, world.now) } }
    return undefined
  })
  const victim = () => world.groves[below(rng, world.groves.length)]!.self.address
  const strike = () => {
    for (let sent = 0; sent < pace; sent += 1) {
      const request = { sender: infoOf(self, world.now), offered: gang(rng, all, world.now) }
      world.deliver(victim(), { type: 'shuffle-received', request })
    }
    for (let sent = 0; sent < pace; sent += 1) {
      world.deliver(victim(), { type: 'exchange-received', message: greeting(self, world.now) })
    }
    world.timeline.after(INTERVAL_MS, strike)
  }
  world.timeline.after(below(rng, INTERVAL_MS), strike)
}

const infoOf = (peer: PeerAddress, now: number): PeerInfo => ({
  ...peer,
  age: 0,
  lastSeen: timestamp(now),
})
const gang = (rng: Random, all: readonly PeerAddress[], now: number) =>
  sample(rng, all, 50).map((peer) => infoOf(peer, now))

function greeting(self: PeerAddress, now: number) {
  return {
    ...self,
    frontier: [],
    load: { queueDepth: 0 },
    capabilities: {},
    timestamp: timestamp(now),
  }
}
