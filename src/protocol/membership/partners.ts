import { addressOf, type PeerAddress } from '../../core/peers/peer.ts'
import { type Random, sample } from '../../core/random.ts'
import { isAnswering, type Peer } from './liveness.ts'
import { findByAddress, type Membership, seedTargets } from './sampling.ts'

/** Peers that a round exchanges with. */
export const FAN_OUT = 3
/** Chance a round of calling a seed that is outside the view: this is how two halves of a healed network meet again. */
const SEED_REVISIT = 0.05
/** The first wait of a grove that nobody answers; doubled each time, up to the gossip interval. */
const LONELY_WAIT_MS = 250
const JITTER = 0.2

/** Whether nobody in the view is known to answer. */
export function isLonely({ active: view }: Membership): boolean {
  for (const peer of view.values()) if (isAnswering(peer)) return false
  return true
}

/**
 * Whom to exchange with this round: up to FAN_OUT. One place goes to a suspect, so that a lost message doesn't cost its
 * good name, one to a newcomer who has yet to answer, now and then one to a lost seed; a lonely grove calls its seeds first.
 */
export function exchangePartners(
  members: Membership,
  random: Random,
  lonely: boolean,
): PeerAddress[] {
  const view = sample(random, [...members.active.values()], members.active.size)
  const doubted = [...members.active.values(), ...members.retained.values()].filter(
    (peer) => peer.status === 'suspected',
  )
  const suspects = sample(random, doubted, doubted.length)
  const newcomers = view.filter((peer) => peer.status === 'alive' && !peer.answered)
  const steady = view.filter(isAnswering)
  const callSeed = lonely || random.next() < SEED_REVISIT
  const seeds = callSeed ? lostSeeds(members, random) : []
  const untried = [...suspects.slice(0, 1), ...newcomers.slice(0, 1)]
  const others = [...newcomers.slice(1), ...suspects.slice(1)]
  if (steady.length === 0) return distinct([...seeds, ...untried, ...others])
  return distinct([...seeds.slice(0, 1), ...untried, ...steady, ...others])
}

/**
 * Whom to tell at once: everybody in the view that may lack it, those that are known to answer first; a suspect is mostly one
 * to whom a message was lost. What k of the informed tell at random leaves e^(-k) of all untold (Demers et al. 1987, §1.4), so
 * that FAN_OUT would leave 5 %.
 */
export function announcementTargets(
  members: Membership,
  random: Random,
  isTold: (peer: Peer) => boolean,
): PeerAddress[] {
  const missing = [...members.active.values()].filter(isTold)
  const mixed = sample(random, missing, missing.length)
  return [...mixed.filter(isAnswering), ...mixed.filter((peer) => !isAnswering(peer))].map(
    addressOf,
  )
}

/** Time until the next round: the interval ± 20 %; less while nobody answers and there is somebody to call. */
export function roundWait(random: Random, intervalMs: number, lonelyRounds: number): number {
  const mean =
    lonelyRounds === 0
      ? intervalMs
      : Math.min(intervalMs, LONELY_WAIT_MS * 2 ** Math.min(lonelyRounds - 1, 20))
  return Math.round(mean * (1 - JITTER + 2 * JITTER * random.next()))
}

/** Seeds that are not in the view, or not known to answer, in random order. */
function lostSeeds(members: Membership, random: Random): PeerAddress[] {
  const lost = seedTargets(members).filter(({ address }) => {
    const peer = findByAddress(members, address)
    return (
      peer === undefined ||
      !members.active.has(peer.peerId) ||
      peer.status !== 'alive' ||
      !peer.answered
    )
  })
  return sample(random, lost, FAN_OUT)
}

function distinct(peers: readonly PeerAddress[]): PeerAddress[] {
  const byAddress = new Map(peers.map(({ peerId, address }) => [address, { peerId, address }]))
  return [...byAddress.values()].slice(0, FAN_OUT)
}
