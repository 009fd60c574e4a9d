import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Capabilities, LivenessStatus } from '../../core/wire/gossip.ts'

/**
 * What is known of a peer. Mutable, and owned by the membership. Moments are Unix ms by our clock.
 */
export interface Peer {
  /** For a seed that has not answered yet, its address. */
  peerId: string
  address: string
  /** Rounds since it was last known fresh (CYCLON §3). */
  age: number
  status: LivenessStatus
  /** Whether it has answered at this address. Only such addresses are passed on. */
  answered: boolean
  /** The last direct contact. */
  lastContact: number | undefined
  /** When it was last heard from, or else first heard of. */
  lastSeen: number
  /** The first failed contact since it last answered. */
  suspectedAt: number | undefined
  capabilities: Capabilities
}

/** Capabilities kept of one peer. */
const CAPABILITIES_MAX = 32

/** A peer that has not been contacted yet. */
export function newPeer({ peerId, address }: PeerAddress, now: number): Peer {
  return {
    peerId,
    address,
    age: 0,
    status: 'alive',
    answered: false,
    lastContact: undefined,
    lastSeen: now,
    suspectedAt: undefined,
    capabilities: {},
  }
}

/** Whether it is known to answer at its address. */
export function isAnswering(peer: Peer | undefined): boolean {
  return peer !== undefined && peer.status === 'alive' && peer.answered
}

/** A change of status to report. */
export type StatusChange = LivenessStatus | 'recovered'

/**
 * Rounds of silence after which a suspect fails. SWIM §4.2, counted in gossip rounds, not probes.
 */
export const suspicionRounds = (peers: number): number => Math.ceil(3 * Math.log2(peers + 2))

/** Notes that the peer answered at its address. Nothing else revives a suspected or failed one. */
export function contactMade(peer: Peer, now: number): StatusChange | undefined {
  const isFirst = peer.lastContact === undefined
  const wasSuspect = peer.status !== 'alive'
  peer.status = 'alive'
  peer.answered = true
  peer.suspectedAt = undefined
  peer.lastContact = now
  peer.lastSeen = now
  peer.age = 0
  if (isFirst) return 'alive'
  return wasSuspect ? 'recovered' : undefined
}

/** Notes that the peer did not answer. Its silence counts from the first time. */
export function contactFailed(peer: Peer, now: number): StatusChange | undefined {
  if (peer.status !== 'alive') return undefined
  peer.status = 'suspected'
  peer.suspectedAt = now
  return 'suspected'
}

/** A suspect fails once its silence has lasted `silenceMs`. */
export function silenceLasted(
  peer: Peer,
  now: number,
  silenceMs: number,
): StatusChange | undefined {
  if (peer.status !== 'suspected' || now - (peer.suspectedAt ?? now) < silenceMs) return undefined
  peer.status = 'failed'
  return 'failed'
}

/** The capabilities of a peer that are kept. */
export function keptCapabilities(capabilities: Capabilities): Capabilities {
  const entries = Object.entries(capabilities)
  return entries.length <= CAPABILITIES_MAX
    ? capabilities
    : Object.fromEntries(entries.slice(0, CAPABILITIES_MAX))
}
