import type { Cid } from '../core/cid.ts'
import type { Contribution } from '../core/contribution/contribution.ts'
import { GroveError } from '../core/errors.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { PendingBlob } from '../ports/blob-store.ts'
import type { Provenance } from '../ports/contribution-store.ts'
import type { AdmitContext, PeersContext } from './context.ts'

/** A verified contribution that is to be stored, and where it came from. */
export interface Admission {
  readonly contribution: Contribution
  readonly provenance: Provenance
  /** Its artifacts that are not stored yet. */
  readonly pending?: readonly PendingBlob[]
  /** Who waits for it: callers take turns. Default: this grove itself. */
  readonly caller?: string
}

/**
 * The one door to the store: what is new is counted, told to subscribers and handed to gossip. When
 * it resolves, the contribution is durable. Throws `storage-full`, `storage-failed`, `read-only`,
 * and `shutting-down` where the grove is closing: nothing is stored behind the back of `close`.
 * Attestations come as far as this and are dropped: no store keeps them yet.
 */
export async function admit(
  node: AdmitContext,
  admission: Admission,
): Promise<'added' | 'present'> {
  const added = await admitAll(node, [admission])
  return added.length > 0 ? 'added' : 'present'
}

/**
 * Admits several in their order and hands gossip those that are new together, also where a later
 * one failed. The cids of the new ones.
 */
export async function admitAll(node: AdmitContext, arrivals: readonly Admission[]): Promise<Cid[]> {
  if (node.closing.aborted) throw new GroveError('shutting-down')
  return node.track(putAll(node, arrivals))
}

async function putAll(node: AdmitContext, arrivals: readonly Admission[]): Promise<Cid[]> {
  const added: Contribution[] = []
  try {
    for (const { contribution, provenance, ...options } of arrivals) {
      const outcome = await node.contributions.put(contribution, provenance, options)
      if (outcome === 'present') continue
      added.push(contribution)
      node.counters.stored[provenance.origin] += 1
      node.events.stored()
    }
  } finally {
    if (added.length > 0) node.stored(added)
  }
  return added.map(({ cid }) => cid)
}

/** Where something that a peer sent came from. */
export function provenanceOf(
  { transport, clock }: Pick<PeersContext, 'transport' | 'clock'>,
  { peerId, address }: PeerAddress,
): Provenance {
  const host = transport.hosts.keyOf(address)
  const from = host === undefined ? { peerId, address } : { peerId, address, host }
  return { origin: 'peer', ...from, receivedAt: clock.now() }
}
