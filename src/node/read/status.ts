import { GroveError } from '../../core/errors.ts'
import { isKeyId, publicPem } from '../../core/identity/ed25519.ts'
import { demandsKeys } from '../../core/peers/admission.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { timestamp } from '../../core/time.ts'
import type { FederationPeer } from '../../core/wire/federation.ts'
import type { PeerInfo, PeersAnswer } from '../../core/wire/gossip.ts'
import type { GroveInfo } from '../../core/wire/grove.ts'
import type { GroveIdentity } from '../../core/wire/identity.ts'
import type { PeerView } from '../../protocol/messages.ts'
import { VERSION } from '../../version.ts'
import type { ReadContext } from '../context.ts'

/** What this grove is and how much it holds. */
export async function groveInfo(node: ReadContext): Promise<GroveInfo> {
  const peers = node.gossip.peers()
  const { certificateUntil: until } = node.config
  const withTaken = (hub: PeerAddress) => ({ ...hub, ...node.sync.takenBy(hub.address) })
  return {
    version: VERSION,
    protocol: { manifestVersion: 1 },
    peerId: node.config.self.peerId,
    stats: { contributions: await node.contributions.count(), activeClaims: 0 },
    gossip: {
      enabled: node.config.reachable,
      peers: peers.length,
      liveness: peers.map(({ peerId, status, lastSeen }) => ({ peerId, status, lastSeen })),
      ...(demandsKeys(node.config.admission) && { proven: node.gossip.provenPeers().length }),
    },
    admission: node.config.admission ?? 'open',
    ...(until !== undefined && { certificateUntil: timestamp(until) }),
    memberships: {
      hubs: node.hubs.list().map(({ members, peerId, address, isMember, listedAt }) => ({
        ...{ peerId, address, isMember, members: members.length, listedAt },
      })),
      members: node.access.roster.joined().length,
    },
    ...(node.leaf.isLeaf ? { leaf: { hubs: node.leaf.hubs().map(withTaken) } } : {}),
    leaves: node.transport.leaves?.connected().length ?? 0,
    ...(node.recounting.isUnderWay && { recounting: true }),
    storage: await node.health.info(),
  }
}

/** Who this grove is. Throws `not-found` for one that was given an id without a key. */
export function ownIdentity({ config: { self, former } }: ReadContext): GroveIdentity {
  const { peerId } = self
  if (!isKeyId(peerId)) {
    const message = `the grove ${peerId} has no key`
    throw new GroveError('not-found', { peerId }, { message })
  }
  const { formerly, rotations = [] } = former ?? {}
  const known = formerly === undefined ? {} : { formerly }
  return { peerId, publicKey: publicPem(peerId), ...known, rotations: [...rotations] }
}

/** The view and its liveness, as Grove 0.1 answers it. */
export function peersAnswer(node: ReadContext): PeersAnswer {
  const peers = node.gossip.peers()
  return {
    peers: peers.map(infoOf),
    liveness: peers.map((peer) => ({
      peer: infoOf(peer),
      status: peer.status,
      lastSeen: lastContact(peer) ?? peer.lastSeen,
    })),
  }
}

/** The peers with what they have done for us or against us. */
export function federationPeers(node: ReadContext): FederationPeer[] {
  return node.gossip.peers().map((peer) => {
    const lastSeen = lastContact(peer)
    const { peerId, address, seed, answered, capabilities } = peer
    const status = peer.status === 'alive' && !answered ? 'unknown' : peer.status
    const { standings, keys } = node.access
    const made = keys.of(peerId)
    const standing = (made === 'own' ? undefined : made) ?? standings.of(address)
    return {
      peerId,
      address,
      status,
      seed,
      ...(standing === undefined ? {} : { standing }),
      ...(lastSeen === undefined ? {} : { lastSeen }),
      capabilities,
      record: node.peers.record(address),
    }
  })
}

function infoOf({ peerId, address, age, lastSeen }: PeerView): PeerInfo {
  return { peerId, address, age, lastSeen }
}

function lastContact(peer: PeerView): string | undefined {
  return peer.lastContact === undefined ? undefined : timestamp(peer.lastContact)
}
