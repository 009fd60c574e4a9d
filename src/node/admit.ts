import type { Cid } from '../core/cid.ts'
import type { Contribution } from '../core/contribution/contribution.ts'
import { GroveError } from '../core/errors.ts'
import type { Origin } from '../core/identity/origin.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { PendingBlob } from '../ports/blob-store.ts'
import type { Provenance } from '../ports/contribution-store.ts'
import type { Incoming } from '../ports/signing.ts'
import type { AdmitContext, PeersContext } from './context.ts'

/** A verified contribution that is to be stored, and where it came from. */
export interface Admission extends Incoming {
  /** Its artifacts that are not stored yet. */
  readonly pending?: readonly PendingBlob[]
  /** Who waits for it: callers take turns. Default: this grove itself. */
  readonly caller?: string
}

/**
 * The one door to the store, which signs what is published here: others' signatures are verified,
 * and what is new is counted, told to subscribers and handed to gossip. When it resolves, the
 * contribution is durable. Throws `storage-full`, `storage-failed`, `read-only`, and
 * `shutting-down` where the grove is closing: nothing is stored behind the back of `close`. Of the
 * attestations that come with it, origins are kept, the others dropped.
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
  const verified = await verifiedOf(node, arrivals)
  try {
    for (const [index, arrival] of arrivals.entries()) {
      const { contribution, provenance, ...options } = arrival
      const origins = verified[index] ?? []
      const stored = { ...options, origins }
      if ((await node.contributions.put(contribution, provenance, stored)) === 'present') {
        // Who else has signed it may make it count.
        if (provenance.origin === 'local' || origins.length > 0)
          node.moved(Object.keys(contribution.manifest.scores ?? {}))
        continue
      }
      added.push(contribution)
      node.counters.stored[provenance.origin] += 1
      node.events.stored()
    }
  } finally {
    if (added.length > 0) node.stored(added)
  }
  return added.map(({ cid }) => cid)
}

/**
 * Adds the origins that came for a contribution that is held, those that hold, and lets them count.
 * How many held. Throws as `admit`.
 */
export async function admitOrigins(node: AdmitContext, incoming: Incoming): Promise<number> {
  if (node.closing.aborted) throw new GroveError('shutting-down')
  return node.track(addOrigins(node, incoming))
}

async function addOrigins(node: AdmitContext, incoming: Incoming): Promise<number> {
  const { cid, manifest } = incoming.contribution
  const verified = (await node.signing?.verified(incoming)) ?? []
  if (verified.length > 0 && (await node.origins.add(cid, verified, 'peer')))
    node.moved(Object.keys(manifest.scores ?? {}))
  return verified.length
}

/** The origins of each that came with it and hold. All are verified before the first is stored. */
async function verifiedOf(
  { signing }: AdmitContext,
  arrivals: readonly Admission[],
): Promise<readonly (readonly Origin[])[]> {
  const hasAttestations = arrivals.some(({ contribution }) => contribution.attestations.length > 0)
  if (signing === undefined || !hasAttestations) return []
  return Promise.all(arrivals.map((arrival) => signing.verified(arrival)))
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
