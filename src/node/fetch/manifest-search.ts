import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { verifyManifest } from '../../core/contribution/verify.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { AlongRequest, ClosureRecord } from '../../core/wire/closure.ts'
import type { FetchContext, FetchedManifest } from '../context.ts'
import { ask, type FailedAttempt, failureOf, noteFailure } from '../peers/contact.ts'
import { likelyProviders, probe, promisers, saidAbsent, unique } from '../peers/providers.ts'

/** How long a peer may take to send a manifest before another one is asked beside it. */
export const HEDGE_MS = 2_000
/** Peers that are asked for one manifest at once. */
const ASKED_AT_ONCE = 3
/** Peers that don't answer, named in an error. */
const SILENT_NAMED = 3

export interface ManifestSources {
  /** Asked first, whatever it said before. */
  readonly given?: PeerAddress | undefined
  /** Asked instead of all others. */
  readonly providers?: readonly PeerAddress[] | undefined
  /** What is to come along with it. */
  readonly along?: AlongRequest | undefined
}

/** Peers that may have the manifest. To find some by `probe` takes requests. */
interface Circle {
  readonly isProbe?: true
  find(signal: AbortSignal): Promise<readonly PeerAddress[]>
}

/** A request that is under way. */
interface Asking {
  readonly peer: PeerAddress
  readonly outcome: Promise<FetchedManifest | undefined>
  abort(): void
}

/**
 * The search for one manifest, from peer to peer in widening circles; it goes on where it stopped.
 * Where a peer is slow, the next one is asked beside it, and the first right manifest counts
 * (Dean and Barroso, The Tail at Scale, 2013: hedged requests). Who lost such a race goes last.
 */
export class ManifestSearch {
  readonly attempts: FailedAttempt[] = []
  readonly #node: FetchContext
  readonly #cid: Cid
  readonly #circles: Circle[]
  readonly #asking = new Set<Asking>()
  readonly #along: AlongRequest | undefined
  #peers: readonly PeerAddress[] = []
  /** They were slower than others. */
  #slow: readonly PeerAddress[] = []
  #bytesMoved = 0

  constructor(node: FetchContext, cid: Cid, { given, providers, along }: ManifestSources) {
    this.#node = node
    this.#cid = cid
    this.#along = along
    const named = given === undefined ? [] : [{ find: async () => this.#unasked([given]) }]
    const wider: Circle[] = [
      { find: async () => this.#fresh(await promisers(node, cid)) },
      { isProbe: true, find: (signal) => this.#probe(signal) },
    ]
    this.#circles =
      providers !== undefined
        ? [...named, { find: async () => this.#fresh(providers) }]
        : [
            ...named,
            { find: async () => this.#fresh(await likelyProviders(node, cid)) },
            ...(given === undefined ? wider : []),
          ]
  }

  /** The manifest from the next peer that has it. Throws why none of those that are left has. */
  async next(signal: AbortSignal): Promise<FetchedManifest> {
    try {
      for (;;) {
        if (this.#asking.size === 0 && !(await this.#askNext(signal))) throw this.#failure()
        const found = (await this.#firstInTime()) ?? (await this.#hedge(signal))
        if (found !== undefined) return found
      }
    } finally {
      this.#leaveOthers()
    }
  }

  /** Asks the next peer. False where none is left. */
  async #askNext(signal: AbortSignal): Promise<boolean> {
    while (this.#peers.length === 0) {
      const circle = this.#circles.shift()
      if (circle !== undefined) this.#peers = await circle.find(signal)
      else if (this.#slow.length === 0) return false
      else [this.#peers, this.#slow] = [this.#slow, []]
    }
    const [peer, ...others] = this.#peers
    this.#peers = others
    if (peer !== undefined) this.#ask(peer, signal)
    return true
  }

  /** What the first of those that are being asked sends; undefined if it fails, or all are slow. */
  async #firstInTime(): Promise<FetchedManifest | undefined> {
    const slow = Promise.withResolvers<undefined>()
    const cancel = this.#node.clock.after(HEDGE_MS, () => slow.resolve(undefined))
    try {
      return await Promise.race([this.#first(), slow.promise])
    } finally {
      cancel()
    }
  }

  /** Asks one more peer, if one is known without a request; else waits for those being asked. */
  async #hedge(signal: AbortSignal): Promise<FetchedManifest | undefined> {
    const isFull = this.#asking.size >= ASKED_AT_ONCE
    if (this.#asking.size === 0) return undefined
    if (isFull || !(await this.#hasAnother(signal))) return this.#first()
    await this.#askNext(signal)
    return undefined
  }

  async #first(): Promise<FetchedManifest | undefined> {
    return Promise.race([...this.#asking].map(({ outcome }) => outcome))
  }

  async #hasAnother(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      if (this.#peers.length > 0) return true
      const [circle] = this.#circles
      if (circle === undefined || circle.isProbe === true) return false
      this.#circles.shift()
      this.#peers = await circle.find(signal)
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

  #ask(peer: PeerAddress, signal: AbortSignal): void {
    const lost = new AbortController()
    const outcome = this.#manifestFrom(peer, AbortSignal.any([signal, lost.signal]))
    const asking: Asking = { peer, outcome, abort: () => lost.abort() }
    this.#asking.add(asking)
    const done = () => void this.#asking.delete(asking)
    outcome.then(done, done)
  }

  #leaveOthers(): void {
    for (const { peer, abort } of this.#asking) {
      this.#slow = [...this.#slow, peer]
      abort()
    }
    this.#asking.clear()
  }

  async #manifestFrom(
    peer: PeerAddress,
    signal: AbortSignal,
  ): Promise<FetchedManifest | undefined> {
    const node = this.#node
    const asked = this.#along
    try {
      const { sizes, along, ...record } = await ask(node, peer, signal, () =>
        node.transport.manifest(peer, this.#cid, { signal, along: asked }),
      )
      this.#bytesMoved += record.bytes.byteLength
      await node.breathe()
      const contribution = verifyManifestFrom(node, peer, record, this.#cid)
      const found = { contribution, peer, sizes, bytesMoved: this.#bytesMoved }
      if (along === undefined || asked === undefined) return found
      return { ...found, along: { ...along, ancestors: asked.ancestors, isShared: false } }
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
