import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { verifyManifest } from '../../core/contribution/verify.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { ManifestAnswer } from '../../ports/transport.ts'
import type { NodeContext } from '../context.ts'
import { ask, type FailedAttempt, failureOf, noteFailure } from '../peers/contact.ts'
import { likelyProviders, probe, promisers, saidAbsent, unique } from '../peers/providers.ts'

/**
 * Refuses a contribution, by throwing, though its bytes are right: what the peer claimed of it was not (another may be asked), or
 * nobody's would be taken (`unwanted`).
 */
export type Accept = (contribution: Contribution, from: PeerAddress) => void

export interface ManifestOptions {
  readonly signal: AbortSignal
  /** Asked first, whatever it said before. */
  readonly given?: PeerAddress | undefined
  /** Asked instead of all others. */
  readonly providers?: readonly PeerAddress[] | undefined
  readonly accept?: Accept | undefined
}

export interface FetchedManifest {
  readonly contribution: Contribution
  readonly peer: PeerAddress
  readonly sizes: ManifestAnswer['sizes']
  readonly bytesMoved: number
}

/**
 * A contribution's manifest from the first peer that has it, verified. Throws the most telling of what the peers answered, with
 * `peersAsked`: `fetch-bad-bytes` for a wrong hash, the codes of `open` for a wrong form, `absent`, `refused`, `peer-unreachable`, …
 */
export async function fetchManifest(
  node: NodeContext,
  cid: Cid,
  options: ManifestOptions,
): Promise<FetchedManifest> {
  const attempts: FailedAttempt[] = []
  const progress = { attempts, bytesMoved: 0 }
  for await (const peers of candidateTiers(node, cid, { ...options, attempts })) {
    for (const peer of peers) {
      const obtained = await tryPeer(node, cid, peer, options, progress)
      if (obtained !== undefined) return obtained
    }
  }
  throw failureOf(attempts, { cid })
}

/** Whom to ask, in growing circles. */
async function* candidateTiers(
  node: NodeContext,
  cid: Cid,
  options: ManifestOptions & { attempts: FailedAttempt[] },
): AsyncGenerator<PeerAddress[], void, undefined> {
  const { given, providers, attempts } = options
  const fresh = (peers: readonly PeerAddress[]) => {
    const asked = new Set(attempts.map(({ peer }) => peer.address))
    return unique(node, peers).filter(
      (peer) => !asked.has(peer.address) && !saidAbsent(node, cid, peer, attempts),
    )
  }
  if (given !== undefined) yield [given]
  if (providers !== undefined) return yield fresh(providers)
  yield fresh(await likelyProviders(node, cid))
  if (given !== undefined) return
  yield fresh(await promisers(node, cid))
  yield await probe(
    node,
    cid,
    attempts.map(({ peer }) => peer),
    options,
  )
}

async function tryPeer(
  node: NodeContext,
  cid: Cid,
  peer: PeerAddress,
  { signal, accept }: ManifestOptions,
  progress: { attempts: FailedAttempt[]; bytesMoved: number },
): Promise<FetchedManifest | undefined> {
  try {
    const { bytes, sizes } = await ask(node, peer, signal, () =>
      node.transport.manifest(peer, cid, { signal }),
    )
    progress.bytesMoved += bytes.byteLength
    const contribution = verifyManifestFrom(node, peer, bytes, cid)
    accept?.(contribution, peer)
    node.peers.bytesGood(peer.address, bytes.byteLength)
    return { contribution, peer, sizes, bytesMoved: progress.bytesMoved }
  } catch (error) {
    if (signal.aborted || !isGroveError(error) || error.code === 'unwanted') throw error
    if (error.code === 'absent') node.peers.absences.add(peer.address, cid)
    progress.attempts.push({ peer, error })
    return undefined
  }
}

/** Opens what a peer sent; who sent something else is recorded. Throws `fetch-bad-bytes`, otherwise as `open`. */
export function verifyManifestFrom(
  node: NodeContext,
  peer: PeerAddress,
  bytes: Uint8Array,
  cid: Cid,
): Contribution {
  try {
    return verifyManifest(bytes, cid)
  } catch (error) {
    const wrong = isGroveError(error, 'hash-mismatch')
    const failure = wrong
      ? new GroveError(
          'fetch-bad-bytes',
          { ...peer, cid },
          { message: `${peer.address} sent a manifest that is not ${cid}`, cause: error },
        )
      : error
    noteFailure(node, peer, failure, wrong ? bytes.byteLength : 0)
    throw failure
  }
}
