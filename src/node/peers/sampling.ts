import { isGroveError } from '../../core/errors.ts'
import { isKeyId } from '../../core/identity/ed25519.ts'
import { leadsTo } from '../../core/identity/rotation.ts'
import { demandsKeys } from '../../core/peers/admission.ts'
import { isAccepted } from '../../core/peers/counting.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Random } from '../../core/random.ts'
import type { Capabilities, NamedPeer, SampleRequest } from '../../core/wire/gossip.ts'
import type { ProvenSampling } from '../../protocol/messages.ts'
import type { Rotations } from '../access/rotations.ts'
import type { NodeConfig } from '../config.ts'
import type { AdmitContext, PeersContext, ReadContext, SyncContext } from '../context.ts'
import { noteTwin } from './contact.ts'
import type { LeafMode } from './leaf.ts'
import type { NodeRecords } from './node-records.ts'

export type SamplingContext = PeersContext &
  Pick<AdmitContext, 'closing'> & {
    readonly access: { readonly rotations: Pick<Rotations, 'learn' | 'isRetired'> }
    readonly nodeRecords: NodeRecords
    readonly leaf: Pick<LeafMode, 'told' | 'isLeaf'>
  }

/** Who may be chosen as a peer. */
interface Chosen {
  readonly config: Pick<NodeConfig, 'admission' | 'reachable'>
  readonly access: Pick<ReadContext['access'], 'standings' | 'keys'>
}

/** How often it is looked whether this grove needs another node record. */
const RECORD_CHECK_MS = 6 * 60 * 60_000

/** Whether peers are chosen among those that have proven themselves. */
export const samplesProven = ({ admission, reachable }: Chosen['config']): boolean =>
  reachable && demandsKeys(admission)

/**
 * Sampling among the proven peers that the operator wants; undefined where none has to be proven.
 * `secret` draws so many bytes that nobody can guess, in hex.
 */
export function provenSampling(
  { config, access }: Chosen,
  secret: (bytes: number) => string,
): ProvenSampling | undefined {
  if (!samplesProven(config)) return undefined
  const { standings, keys } = access
  const { admission = 'open' } = config
  return {
    random: unguessable(secret),
    accepts: ({ peerId, address }) =>
      isKeyId(peerId) &&
      standings.of(address) !== 'blocked' &&
      isAccepted(admission, keys.of(peerId)) &&
      !keys.isRetired(peerId),
    isTrusted: ({ peerId }) => keys.of(peerId) === 'trusted',
  }
}

/**
 * Reads who was proven before: they are in the book again, and expected to sign. Returned are those
 * that can't know the key of this grove, as it is another one than when it ran last.
 */
export async function rememberProven(node: SamplingContext): Promise<readonly PeerAddress[]> {
  const { nodeRecords, transport, clock } = node
  const remembered = await nodeRecords.load()
  const now = clock.now()
  transport.expectSigned(remembered.filter(({ peerId }) => nodeRecords.isValid(peerId, now)))
  node.tell({ type: 'peers-remembered', peers: remembered })
  const { peerId = node.config.self.peerId } = nodeRecords.own ?? {}
  return peerId === node.config.self.peerId ? [] : remembered
}

/**
 * Makes this grove's record anew if that is due, or it says something else than the last: a leaf
 * names no address, since nobody can dial it, and its hubs know their own.
 */
export async function renewRecord(
  node: SamplingContext & Pick<SyncContext, 'later'> & Pick<Chosen, 'config'>,
  capabilities: Capabilities,
): Promise<void> {
  if (!samplesProven(node.config)) return
  node.later('node record', RECORD_CHECK_MS, () => renewRecord(node, capabilities))
  const addresses = node.leaf.isLeaf ? [] : [node.config.self.address]
  try {
    await node.nodeRecords.renew({ addresses, capabilities })
  } catch (err) {
    node.log.warn('no new node record: the last one holds, if there is one', { err })
  }
}

const unguessable = (secret: (bytes: number) => string): Random => ({
  next: () => Number.parseInt(secret(6), 16) / 2 ** 48,
})

/** Asks a peer who is there. Its answer, signed by its key, proves that it is. */
export async function askWhoIsThere(
  node: SamplingContext,
  peer: PeerAddress,
  most: number,
): Promise<void> {
  const { self } = node.config
  const have = node.nodeRecords.seqOf(peer.peerId)
  const from: NamedPeer = { ...node.leaf.told(self), seq: node.nodeRecords.own?.seq ?? 0 }
  const request: SampleRequest = { from, most, ...(have > 0 && { have }) }
  const asked = node.transport.sample(peer, request, { signal: node.closing })
  const { answer, signedBy } = await asked
  if (signedBy === self.peerId)
    return noteTwin(node, peer, { peerId: signedBy, address: peer.address })
  const proven = { peerId: signedBy ?? '', address: peer.address }
  const seq = signedBy === undefined ? 0 : node.nodeRecords.proven(proven, answer.record)
  node.tell({ type: 'sample-answered', peer, answer, proven: signedBy, seq })
  if (signedBy !== undefined && signedBy !== peer.peerId && isKeyId(peer.peerId))
    await noteRotation(node, peer, signedBy)
}

/** Another key answers for a peer. If both have signed that it follows, the old one is no more. */
async function noteRotation(
  node: SamplingContext,
  peer: PeerAddress,
  answeredAs: string,
): Promise<void> {
  try {
    const { peerId, rotations } = await node.transport.identity(peer, { signal: node.closing })
    if (peerId !== answeredAs || !isKeyId(peer.peerId)) return
    if (!leadsTo(peer.peerId, peerId, rotations)) return
    await node.access.rotations.learn(rotations, peer.peerId)
    if (!node.access.rotations.isRetired(peer.peerId)) return
    node.nodeRecords.forget(peer.peerId)
    node.tell({ type: 'key-retired', peerId: peer.peerId })
  } catch (error) {
    if (!isGroveError(error)) throw error
  }
}
