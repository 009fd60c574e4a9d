import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { type GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { FetchContext, FetchedManifest } from '../context.ts'
import { HEDGE_MS, ManifestSearch, type ManifestSources } from './manifest-search.ts'

/**
 * Refuses a contribution by throwing, though its bytes are right: the peer that sent it advertised
 * something else of it, and another may be asked; or, with `unwanted`, nobody's is taken.
 */
export type Accept = (contribution: Contribution, from: PeerAddress) => void

export interface ManifestOptions extends ManifestSources {
  readonly signal: AbortSignal
  readonly accept?: Accept | undefined
}

/** A manifest that other fetches share as long as it is held. */
export interface HeldManifest extends FetchedManifest {
  release(): void
}

/**
 * A contribution's manifest, verified, from the first peer that has it. Of all callers that ask for
 * one item, whatever their options, one searches for it; the others wait, and search by themselves
 * where it found nothing, or where they do not accept it from that peer. Throws the most telling of
 * what the peers answered, with `peersAsked`: `fetch-bad-bytes` for a wrong hash, the codes of
 * `verifyManifest` for a wrong form, `absent`, `refused`, `peer-unreachable`, …
 */
export async function fetchManifest(
  node: FetchContext,
  cid: Cid,
  { signal, accept, ...where }: ManifestOptions,
): Promise<HeldManifest> {
  const search = new ManifestSearch(node, cid, where)
  const accepts = (found: FetchedManifest) => {
    const refusal = refusalOf(found, accept)
    if (refusal !== undefined) search.attempts.push({ peer: found.peer, error: refusal })
    else if (found.bytesMoved > 0)
      node.peers.bytesGood(found.peer.address, found.contribution.bytes.byteLength)
    return refusal === undefined
  }
  const shared = await sharedOrGiven(node, cid, search, { signal, ...where })
  let taken = false
  try {
    taken = accepts(shared)
    if (taken) return shared
  } finally {
    if (!taken) shared.release()
  }
  for (;;) {
    const found = await search.next(signal)
    if (accepts(found)) return { ...found, release() {} }
  }
}

/** Who names a peer does not wait for long for a search under way, which may not ask that one. */
async function sharedOrGiven(
  node: FetchContext,
  cid: Cid,
  search: ManifestSearch,
  { signal, given, along }: Pick<ManifestOptions, 'signal' | 'given' | 'along'>,
): Promise<HeldManifest> {
  if (given === undefined || !node.manifests.has(cid))
    return sharedManifest(node, cid, search, signal)
  const decided = new AbortController()
  const until = AbortSignal.any([signal, decided.signal])
  const shared = sharedManifest(node, cid, search, until)
  const own = node.clock
    .sleep(HEDGE_MS, until)
    .then(() => new ManifestSearch(node, cid, { given, providers: [], along }).next(until))
    .then((found): HeldManifest => ({ ...found, release() {} }))
  let first: HeldManifest
  try {
    first = await Promise.any([shared, own])
  } catch {
    // Both have failed: what the wider search says is more telling.
    return await shared
  } finally {
    decided.abort()
  }
  const [other] = await Promise.allSettled([shared])
  if (other?.status === 'fulfilled' && other.value !== first) other.value.release()
  return first
}

async function sharedManifest(
  node: FetchContext,
  cid: Cid,
  search: ManifestSearch,
  signal: AbortSignal,
): Promise<HeldManifest> {
  for (;;) {
    const joined = node.manifests.has(cid)
    try {
      const { outcome, release } = await node.manifests.hold(
        cid,
        (flight) => node.track(search.next(flight)),
        signal,
      )
      const { along, bytesMoved } = outcome
      return {
        ...outcome,
        bytesMoved: joined ? 0 : bytesMoved,
        along: along && { ...along, isShared: joined },
        release,
      }
    } catch (error) {
      if (!joined || signal.aborted) throw error
    }
  }
}

/**
 * Why the caller does not take it from that peer; undefined where it does. Throws what is final.
 */
function refusalOf(
  { contribution, peer }: FetchedManifest,
  accept: Accept | undefined,
): GroveError | undefined {
  try {
    accept?.(contribution, peer)
    return undefined
  } catch (error) {
    if (!isGroveError(error) || error.code === 'unwanted') throw error
    return error
  }
}
