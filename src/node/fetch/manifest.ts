import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { verifyManifest } from '../../core/contribution/verify.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { ClosureRecord } from '../../core/wire/closure.ts'
import type { FetchContext, FetchedManifest } from '../context.ts'
import { ask, type FailedAttempt, failureOf, noteFailure } from '../peers/contact.ts'
import { likelyProviders, probe, promisers, saidAbsent, unique } from '../peers/providers.ts'

/**
 * Refuses a contribution by throwing, though its bytes are right: the peer that sent it advertised
 * something else of it, and another may be asked; or, with `unwanted`, nobody's is taken.
 */
export type Accept = (contribution: Contribution, from: PeerAddress) => void

/** Peers that don't answer, named in an error. */
const SILENT_NAMED = 3

export interface ManifestOptions {
  readonly signal: AbortSignal
  /** Asked first, whatever it said before. */
  readonly given?: PeerAddress | undefined
  /** Asked instead of all others. */
  readonly providers?: readonly PeerAddress[] | undefined
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
  const shared = await sharedManifest(node, cid, search, signal)
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
      return { ...outcome, bytesMoved: joined ? 0 : outcome.bytesMoved, release }
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

/**
 * The search for one manifest, from peer to peer in widening circles; it goes on where it stopped.
 */
class ManifestSearch {
  readonly attempts: FailedAttempt[] = []
  readonly #node: FetchContext
  readonly #cid: Cid
  readonly #circles: ((signal: AbortSignal) => Promise<readonly PeerAddress[]>)[]
  #peers: readonly PeerAddress[] = []
  #bytesMoved = 0

  constructor(
    node: FetchContext,
    cid: Cid,
    { given, providers }: Pick<ManifestOptions, 'given' | 'providers'>,
  ) {
    this.#node = node
    this.#cid = cid
    const named = given === undefined ? [] : [async () => this.#unasked([given])]
    const wider = [
      async () => this.#fresh(await promisers(node, cid)),
      (signal: AbortSignal) => this.#probe(signal),
    ]
    this.#circles =
      providers !== undefined
        ? [...named, async () => this.#fresh(providers)]
        : [
            ...named,
            async () => this.#fresh(await likelyProviders(node, cid)),
            ...(given === undefined ? wider : []),
          ]
  }

  /** The manifest from the next peer that has it. Throws why none of those that are left has. */
  async next(signal: AbortSignal): Promise<FetchedManifest> {
    for (;;) {
      const [peer, ...others] = this.#peers
      if (peer === undefined) {
        const circle = this.#circles.shift()
        if (circle === undefined) throw this.#failure()
        this.#peers = await circle(signal)
        continue
      }
      this.#peers = others
      const found = await this.#ask(peer, signal)
      if (found !== undefined) return found
    }
  }

  /** Why nobody has brought it; that peers are known of which none answers is told, too. */
  #failure(): GroveError {
    const known = this.#node.gossip.peers().filter(({ status }) => status !== 'alive')
    if (this.attempts.length > 0 || known.length === 0)
      return failureOf(this.attempts, { cid: this.#cid })
    const addresses = known.slice(0, SILENT_NAMED).map(({ address }) => address)
    const more = known.length - addresses.length
    const named = `${addresses.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
    const message = `no peer answers, so nobody was asked for ${this.#cid}: tried lately ${named}`
    return new GroveError('peer-unreachable', { cid: this.#cid, peersAsked: [] }, { message })
  }

  async #ask(peer: PeerAddress, signal: AbortSignal): Promise<FetchedManifest | undefined> {
    const node = this.#node
    try {
      const { bytes, sizes } = await ask(node, peer, signal, () =>
        node.transport.manifest(peer, this.#cid, { signal }),
      )
      this.#bytesMoved += bytes.byteLength
      const contribution = verifyManifestFrom(node, peer, { bytes, attestations: [] }, this.#cid)
      return { contribution, peer, sizes, bytesMoved: this.#bytesMoved }
    } catch (error) {
      if (signal.aborted || !isGroveError(error)) throw error
      if (error.code === 'absent') node.peers.absences.add(peer.address, this.#cid)
      this.attempts.push({ peer, error })
      return undefined
    }
  }

  #unasked(peers: readonly PeerAddress[]): readonly PeerAddress[] {
    const asked = new Set(this.attempts.map(({ peer }) => peer.address))
    return peers.filter(({ address }) => !asked.has(address))
  }

  #fresh(peers: readonly PeerAddress[]): readonly PeerAddress[] {
    return this.#unasked(unique(this.#node, peers)).filter(
      (peer) => !saidAbsent(this.#node, this.#cid, peer, this.attempts),
    )
  }

  #probe(signal: AbortSignal): Promise<readonly PeerAddress[]> {
    const asked = this.attempts.map(({ peer }) => peer)
    return probe(this.#node, this.#cid, asked, { signal, attempts: this.attempts })
  }
}

/**
 * Verifies a manifest that a peer sent, and records it where that is another than was asked for.
 * Throws `fetch-bad-bytes`, otherwise as `verifyManifest`.
 */
export function verifyManifestFrom(
  node: FetchContext,
  peer: PeerAddress,
  { bytes, attestations }: ClosureRecord,
  cid: Cid,
): Contribution {
  try {
    return verifyManifest(bytes, cid, attestations)
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
