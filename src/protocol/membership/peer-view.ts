import { timestamp } from '../../core/time.ts'
import type { PeerInfo } from '../../core/wire/gossip.ts'
import type { PeerView } from '../messages.ts'
import type { Peer } from './liveness.ts'
import type { PeerTable } from './peer-table.ts'

/** A peer as it travels in shuffles. */
export function infoOf({ peerId, address, age, lastSeen }: Peer): PeerInfo {
  return { peerId, address, age, lastSeen: timestamp(lastSeen) }
}

/** A peer as the node sees it. */
export function viewOf(peers: PeerTable, peer: Peer): PeerView {
  const { status, capabilities, lastContact, answered } = peer
  const active = peers.isActive(peer)
  const seed = peers.isSeed(peer)
  const misnamed = peers.answersMisnamed(peer.address)
  return { ...infoOf(peer), status, capabilities, lastContact, active, seed, answered, misnamed }
}
