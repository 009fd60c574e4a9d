import type { Cid } from '../core/cid.ts'
import { isGroveError } from '../core/errors.ts'
import type { SyncReport } from '../core/wire.ts'
import { timestamp } from '../ports/clock.ts'
import { sample } from '../protocol/chance.ts'
import type { Claim, PeerAddress } from '../protocol/messages.ts'
import { type Candidate, defaultPolicy, type Policy, type Want } from '../protocol/want.ts'
import { ClaimsCheck } from './claims-check.ts'
import type { NodeContext } from './context.ts'
import { type FetchHooks, fetchRemoteContribution } from './fetch.ts'
import { claimedOffers, heldAmong, heldOffers, offersOf, type Requests, stubOffers } from './offers.ts'
import { unique } from './providers.ts'
import { mapBounded } from './semaphore.ts'

/** Peers of one round. */
const PEERS_A_ROUND = 3
/** Peers of one round of a grove that takes no part in gossip: its seeds are all it knows. */
const SEEDS_A_ROUND = 16
const FETCHES_AT_ONCE = 4
const STUBS_A_ROUND = 20
/** Announcements within this time are fetched together. */
const ANNOUNCED_DELAY_MS = 50
/** Items named in one report. */
const REPORTED_MAX = 1_000

export interface RoundOptions {
  readonly signal?: AbortSignal
  /** Asked instead of peers by chance. */
  readonly peers?: readonly PeerAddress[]
}

/**
 * One round of background sync (PROTOCOL.md §6, step 2): asks a few peers for their best lists, adds what gossip claims, fetches what the
 * policy wants, best first, within the round's budget, and retries some stubs. A round under way is joined.
 */
export function syncRound(node: NodeContext, options: RoundOptions = {}): Promise<SyncReport> {
  const signal = options.signal === undefined ? node.closing : AbortSignal.any([options.signal, node.closing])
  const key = (options.peers ?? []).map((peer) => peer.address).join(' ')
  return node.rounds.run(key, (flight) => wholeRound(node, options.peers, flight), signal)
}

/** Takes note of what a peer claims to hold; it is fetched in a moment, if the policy wants it. */
export function discovered(node: NodeContext, peer: PeerAddress, claims: readonly Claim[]): void {
  for (const { cid } of claims) node.peers.notAbsent(peer.peerId, cid)
  const wanted = claims.filter(
    ({ metric }) => metric !== '_recency' || node.config.policy.dimensions?.includes(metric) === true,
  )
  const candidates = wanted.map(({ cid, metric, direction, value, tags }) => ({
    cid,
    metric,
    direction,
    value,
    providers: [peer],
    ...(tags === undefined ? {} : { tags }),
  }))
  if (candidates.length === 0 || !node.sync.announce(candidates)) return
  node.clock.after(ANNOUNCED_DELAY_MS, () => {
    announcedRound(node).catch((error: unknown) => {
      if (!node.closing.aborted) node.log.error('announced work not fetched', { error: String(error) })
    })
  })
}

async function wholeRound(
  node: NodeContext,
  chosen: readonly PeerAddress[] | undefined,
  signal: AbortSignal,
): Promise<SyncReport> {
  const round = new Round(node, signal)
  const peers = chosen ?? choosePeers(node)
  const policy: Policy = { ...node.config.policy, scope: 'frontier' }
  const offers = await mapBounded(peers, PEERS_A_ROUND, (peer) =>
    offersOf(node, peer, policy, { signal, requests: round.requests }),
  )
  await round.fetchWanted([...offers.flat(), ...claimedOffers(node), ...(await heldOffers(node, policy))], policy)
  await round.retryStubs()
  const report = round.report(peers.length)
  node.sync.lastReport = report
  return report
}

async function announcedRound(node: NodeContext): Promise<void> {
  if (node.closing.aborted) return
  const announced = node.sync.takeAnnounced()
  const only = new Set(announced.map(({ cid }) => cid))
  const metrics = new Set(announced.map(({ metric }) => metric))
  const { policy } = node.config
  const round = new Round(node, node.closing)
  await round.fetchWanted(
    [...announced, ...claimedOffers(node, metrics), ...(await heldOffers(node, policy))],
    policy,
    only,
  )
  round.report(0)
}

function choosePeers(node: NodeContext): PeerAddress[] {
  const live = sample(node.random, node.peers.order(node.askable()), PEERS_A_ROUND)
  if (node.config.reachable) return unique(node, live)
  return unique(node, [...node.config.seeds, ...live]).slice(0, SEEDS_A_ROUND)
}

/** What one round has done so far. */
class Round {
  readonly requests: Requests
  readonly #node: NodeContext
  readonly #signal: AbortSignal
  readonly #startedAt: number
  readonly #fetched: Cid[] = []
  readonly #skipped: SyncReport['skipped'] = []
  readonly #failed: SyncReport['failed'] = []
  #offered = 0
  #bytesMoved = 0
  #bytesLeft: number

  constructor(node: NodeContext, signal: AbortSignal) {
    this.#node = node
    this.#signal = signal
    this.#startedAt = node.clock.now()
    this.#bytesLeft = node.config.policy.maxBytesPerRound
    this.requests = { made: 0, most: node.config.policy.maxRequestsPerRound }
  }

  /** Plans over all candidates and fetches what is wanted of them (of `only`, where that is given). */
  async fetchWanted(candidates: readonly Candidate[], policy: Policy, only?: ReadonlySet<Cid>): Promise<void> {
    const node = this.#node
    const held = await heldAmong(node, candidates)
    const { wants, skipped } = node.sync.wants.plan(candidates, { policy, held, now: node.clock.now() })
    this.#offered += new Set(candidates.filter(({ providers }) => providers.length > 0).map(({ cid }) => cid)).size
    if (only === undefined) this.#skipped.push(...skipped.slice(0, REPORTED_MAX))
    const check = new ClaimsCheck(node, candidates)
    const chosen = only === undefined ? wants : wants.filter(({ cid }) => only.has(cid))
    await mapBounded(chosen, FETCHES_AT_ONCE, (want) =>
      this.#fetch(want, { accept: (contribution, from) => check.accept(contribution, from) }),
    )
  }

  /** Some of the contributions that are known by id only; without artifacts, which nobody asked for. */
  async retryStubs(): Promise<void> {
    const candidates = await stubOffers(this.#node)
    const { wants } = this.#node.sync.wants.plan(candidates, {
      policy: { ...defaultPolicy, topK: STUBS_A_ROUND },
      held: new Set(),
      now: this.#node.clock.now(),
    })
    await mapBounded(wants, FETCHES_AT_ONCE, (want) => this.#fetch(want, {}, { artifacts: 'none', ancestors: 0 }))
  }

  report(peers: number): SyncReport {
    const node = this.#node
    const report: SyncReport = {
      startedAt: timestamp(this.#startedAt),
      durationMs: node.clock.now() - this.#startedAt,
      peers,
      offered: this.#offered,
      fetched: this.#fetched,
      skipped: this.#skipped,
      failed: this.#failed,
      requests: this.requests.made,
      bytesMoved: this.#bytesMoved,
    }
    const happened = this.#fetched.length > 0 || this.#failed.length > 0
    if (happened) node.events.publish({ type: 'sync', report })
    if (happened)
      node.log.info('synced', {
        peers,
        fetched: this.#fetched.length,
        failed: this.#failed.length,
        bytesMoved: this.#bytesMoved,
      })
    return report
  }

  async #fetch(
    { cid, providers }: Want,
    hooks: FetchHooks,
    options: { artifacts?: 'none'; ancestors?: number } = {},
  ): Promise<void> {
    const node = this.#node
    this.#signal.throwIfAborted()
    if (this.requests.made >= this.requests.most) return void this.#skipped.push({ cid, reason: 'budget' })
    this.requests.made++
    const limits = {
      signal: this.#signal,
      providers: node.peers.order(providers),
      maxArtifactBytes: node.config.policy.maxArtifactBytes,
    }
    try {
      const { bytesMoved } = await fetchRemoteContribution(
        node,
        cid,
        { ...options, maxBytes: this.#bytesLeft },
        { ...hooks, ...limits },
      )
      this.#bytesMoved += bytesMoved
      this.#bytesLeft = Math.max(0, this.#bytesLeft - bytesMoved)
      this.#fetched.push(cid)
      node.sync.wants.settled(cid)
    } catch (error) {
      if (this.#signal.aborted || !isGroveError(error) || error.code.startsWith('storage-')) throw error
      this.#failed.push({ cid, reason: error.code })
      node.sync.wants.failed(cid, node.clock.now(), !error.code.startsWith('manifest-'))
    }
  }
}
