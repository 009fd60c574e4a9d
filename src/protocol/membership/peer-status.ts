import { addressOf, type PeerAddress } from '../../core/peers/peer.ts'
import { timestamp } from '../../core/time.ts'
import type { PeerInfo } from '../../core/wire/gossip.ts'
import type { Effect, PeerView } from '../messages.ts'
import { type Peer, type StatusChange, silenceLasted, suspicionRounds } from './liveness.ts'
import { isSeed, type Membership, retire } from './sampling.ts'

/** The effect that tells of a change of standing; none where there is no change. */
export function statusOf(peer: Peer, status: StatusChange | undefined): Effect[] {
  return status === undefined ? [] : [{ type: 'peer-status', peer: addressOf(peer), status }]
}

/** Declares the suspects failed that have been silent too long, and takes them out of the view. */
export function declareFailed(members: Membership, intervalMs: number, now: number): Effect[] {
  const silenceMs = suspicionRounds(members.active.size) * intervalMs
  const effects: Effect[] = []
  for (const peer of [...members.active.values(), ...members.retained.values()]) {
    const change = silenceLasted(peer, now, silenceMs)
    if (change !== undefined) retire(members, peer)
    effects.push(...statusOf(peer, change))
  }
  return effects
}

/** A peer as it travels in shuffles. */
export function infoOf({ peerId, address, age, lastSeen }: Peer): PeerInfo {
  return { peerId, address, age, lastSeen: timestamp(lastSeen) }
}

/** A peer as the node sees it. */
export function viewOf(members: Membership, peer: Peer): PeerView {
  const { status, capabilities, lastContact } = peer
  const inView = members.active.has(peer.peerId)
  return {
    ...infoOf(peer),
    status,
    capabilities,
    lastContact,
    active: inView,
    seed: isSeed(members, peer),
  }
}

/** All peers that are known, as the node sees them: the view, then those aside. */
export function viewsOf(members: Membership): PeerView[] {
  return [...members.active.values(), ...members.retained.values()].map((peer) =>
    viewOf(members, peer),
  )
}

/** Peers that are not in doubt, those heard of last first; of those that are no seeds only the ones heard of since then. */
export function livePeers(members: Membership, since: number): PeerAddress[] {
  const peers = [...members.active.values(), ...members.retained.values()]
  const alive = peers.filter(
    (peer) => peer.status === 'alive' && (peer.lastSeen >= since || isSeed(members, peer)),
  )
  return alive.sort((a, b) => b.lastSeen - a.lastSeen).map(addressOf)
}
