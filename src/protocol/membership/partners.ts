import type { PeerAddress } from '../../core/peers/peer.ts'
import { type Random, sample } from '../../core/random.ts'
import { isAnswering, type Peer } from './liveness.ts'

/** Peers that a round exchanges with. */
const FAN_OUT = 3
/** Chance a round of calling a lost seed: this is how two halves of a healed network meet again. */
const SEED_REVISIT = 0.05

/** The peers that a round may call. */
export interface Candidates {
  readonly active: readonly Peer[]
  readonly suspects: readonly Peer[]
  /** Whom the operator chose, a seed or a trusted peer: the one whose turn it is. */
  readonly chosen: PeerAddress | undefined
  /** Seeds that are not known to answer. */
  readonly lostSeeds: readonly PeerAddress[]
}

interface Choice {
  readonly random: Random
  /** Whether peers of the view take turns, those first that were not in contact for longest. */
  readonly byTurns: boolean
  /** Whether none of the peers is known to answer. */
  readonly lonely: boolean
  /** Whether a peer may be called now; asked of those that are chosen only. */
  readonly mayCall: (peer: PeerAddress) => boolean
}

/**
 * Up to FAN_OUT peers to exchange with. One place goes to a peer of the operator's choice, whatever
 * the view has become, one to a suspect, so that one lost message has no lasting effect, one to a
 * newcomer that has yet to answer, and now and then one to a lost seed. A lonely grove calls its
 * seeds first.
 */
export function exchangePartners(
  { active, suspects, chosen, lostSeeds }: Candidates,
  { random, byTurns, lonely, mayCall }: Choice,
): PeerAddress[] {
  const view = sample(random, active, active.length)
  if (byTurns) view.sort((a, b) => (a.lastContact ?? 0) - (b.lastContact ?? 0))
  const suspected = sample(random, suspects, suspects.length)
  const newcomers = view.filter((peer) => peer.status === 'alive' && !peer.answered)
  const steady = view.filter(isAnswering)
  const callSeed = lonely || random.next() < SEED_REVISIT
  const seeds = callSeed ? sample(random, lostSeeds, FAN_OUT) : []
  const untried = [...suspected.slice(0, 1), ...newcomers.slice(0, 1)]
  const others = [...newcomers.slice(1), ...suspected.slice(1)]
  if (steady.length === 0) return firstOf([...seeds, ...untried, ...others], mayCall)
  const always = [...(chosen === undefined ? [] : [chosen]), ...seeds.slice(0, 1)]
  return firstOf([...always, ...untried, ...steady, ...others], mayCall)
}

/**
 * The order in which to push to peers: seeds first, then responsive ones, then suspects, for
 * suspicion usually means one lost message; by chance within each group. A push goes to all that
 * may lack the item: if each informed peer pushed to k by chance, e^(-k) of all would miss it
 * (Demers et al. 1987, §1.4), with FAN_OUT 5 %.
 */
export function pushOrder(
  { seeds, view }: { readonly seeds: readonly Peer[]; readonly view: readonly Peer[] },
  random: Random,
): Peer[] {
  const mixed = sample(random, view, view.length)
  return [...seeds, ...mixed.filter(isAnswering), ...mixed.filter((peer) => !isAnswering(peer))]
}

function firstOf(
  peers: readonly PeerAddress[],
  mayCall: (peer: PeerAddress) => boolean,
): PeerAddress[] {
  const byAddress = new Map<string, PeerAddress>()
  for (const { peerId, address } of peers) {
    if (byAddress.size >= FAN_OUT) break
    if (!byAddress.has(address) && mayCall({ peerId, address }))
      byAddress.set(address, { peerId, address })
  }
  return [...byAddress.values()]
}
