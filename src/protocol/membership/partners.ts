import type { PeerAddress } from '../../core/peers/peer.ts'
import { type Random, sample } from '../../core/random.ts'
import { isAnswering, type Peer } from './liveness.ts'

/** Peers that a round exchanges with. */
export const FAN_OUT = 3
/** Chance a round of calling a seed that is outside the view: this is how two halves of a healed network meet again. */
const SEED_REVISIT = 0.05

/** Whom a round may call. */
export interface Candidates {
  readonly active: readonly Peer[]
  readonly suspects: readonly Peer[]
  /** Seeds that are not in the view, or not known to answer. */
  readonly lostSeeds: readonly PeerAddress[]
}

/**
 * Whom to exchange with this round: up to FAN_OUT. One place goes to a suspect, so that a lost message doesn't cost its
 * good name, one to a newcomer who has yet to answer, now and then one to a lost seed; a lonely grove calls its seeds first.
 */
export function exchangePartners(
  { active, suspects, lostSeeds }: Candidates,
  random: Random,
  lonely: boolean,
): PeerAddress[] {
  const view = sample(random, active, active.length)
  const doubted = sample(random, suspects, suspects.length)
  const newcomers = view.filter((peer) => peer.status === 'alive' && !peer.answered)
  const steady = view.filter(isAnswering)
  const callSeed = lonely || random.next() < SEED_REVISIT
  const seeds = callSeed ? sample(random, lostSeeds, FAN_OUT) : []
  const untried = [...doubted.slice(0, 1), ...newcomers.slice(0, 1)]
  const others = [...newcomers.slice(1), ...doubted.slice(1)]
  if (steady.length === 0) return distinct([...seeds, ...untried, ...others])
  return distinct([...seeds.slice(0, 1), ...untried, ...steady, ...others])
}

/**
 * The peers in the order in which to push to them: responsive ones first, by chance within either group. It is all that
 * may lack an item, for what k of the informed tell at random leaves e^(-k) of all untold (Demers et al. 1987, §1.4):
 * FAN_OUT would leave 5 %. Suspects too, since suspicion usually means one lost message.
 */
export function pushOrder<T extends Peer>(peers: readonly T[], random: Random): T[] {
  const mixed = sample(random, peers, peers.length)
  return [...mixed.filter(isAnswering), ...mixed.filter((peer) => !isAnswering(peer))]
}

function distinct(peers: readonly PeerAddress[]): PeerAddress[] {
  const byAddress = new Map(peers.map(({ peerId, address }) => [address, { peerId, address }]))
  return [...byAddress.values()].slice(0, FAN_OUT)
}
