import { Bucket } from '../../concurrency/bucket.ts'
import { mapBounded } from '../../concurrency/semaphore.ts'
import { Singleflight } from '../../concurrency/singleflight.ts'
import { shareKey } from '../../core/peers/hosts.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { considers, type Policy } from '../../core/policy.ts'
import { sample } from '../../core/random.ts'
import type { Advertisement } from '../../core/ranking/advertisement.ts'
import type { AskedPeer, SyncReport } from '../../core/wire/federation.ts'
import type { Refusal } from '../../protocol/sync/backoff.ts'
import type { Offer } from '../../protocol/sync/plan.ts'
import type { SyncContext } from '../context.ts'
import { untilClosing } from '../fetch/deadline.ts'
import type { AdvertisementVerifier } from '../peers/advertisement-verifier.ts'
import { unique } from '../peers/providers.ts'
import { bringAbout } from './about.ts'
import { refreshEvidence } from './evidence.ts'
import { advertisedOffers, heldPlaces, type Offered, offersOf } from './offers.ts'
import { Round } from './round.ts'
import { RoundBudget } from './round-budget.ts'
import { type AnnouncedWork, SyncState } from './sync-state.ts'

/** Peers of one round. */
const PEERS_A_ROUND = 3
/** The same for a grove that does not gossip: its seeds are all it knows. */
const SEEDS_A_ROUND = 16
/**
 * The share of a round's requests that lists may take, split evenly, so that no peer crowds out
 * others.
 */
const LISTS_SHARE = 1 / 4
/**
 * Peers less trusted than this are asked only where there are too few others. Unknown ones have
 * 0.5.
 */
const DOUBTFUL = 0.4

/** Rounds that callers from other machines may start at once, and how soon they may start more. */
const FOREIGN_ROUNDS_MAX = 4
const FOREIGN_ROUND_MS = 5_000

export interface RoundOptions {
  readonly signal?: AbortSignal
  /** Whether the caller is on another machine: it may not make this grove ask its peers at will. */
  readonly isForeign?: boolean
  /** Asked instead of peers chosen by chance. */
  readonly peers?: readonly PeerAddress[]
}

/** Fetches by itself what the policy wants: in rounds, and soon after peers announce something. */
export class BackgroundSync {
  readonly #node: SyncContext
  readonly #advertisements: AdvertisementVerifier
  readonly #state: SyncState
  readonly #rounds = new Singleflight<SyncReport>()
  /** The peers that are being asked at the moment, and since when. */
  readonly #asking = new Map<string, number>()
  readonly #foreignRounds = new Bucket(FOREIGN_ROUNDS_MAX, FOREIGN_ROUND_MS)
  #lastReport: SyncReport | undefined

  constructor(node: SyncContext, advertisements: AdvertisementVerifier) {
    this.#node = node
    this.#advertisements = advertisements
    this.#state = new SyncState((address) => shareKey(node.transport.hosts, address))
  }

  /** The report of the latest round; undefined before the first has ended. */
  get lastReport(): SyncReport | undefined {
    return this.#lastReport
  }

  /** The peers that are being asked for their best lists right now, and for how long. */
  asking(): { readonly address: string; readonly forMs: number }[] {
    const now = this.#node.clock.now()
    return [...this.#asking].map(([address, since]) => ({ address, forMs: now - since }))
  }

  /** What is not fetched unasked for now, and why. */
  refusals(): Refusal[] {
    return this.#state.backoff.refusals(this.#node.clock.now())
  }

  /** How many of these there are, by reason. */
  refusalCounts(): Record<string, number> {
    return this.#state.backoff.refusalCounts(this.#node.clock.now())
  }

  /**
   * One round (BEHAVIOUR.md#sync): asks a few peers for their best lists, adds what gossip
   * advertises, fetches what the policy wants, best first, within the round's budget, and retries
   * some stubs. A round under way is joined. A failure of this grove's own, as a full disk, ends
   * it. Foreign callers who come too often get the report of the latest round.
   */
  async round({ signal, peers, isForeign = false }: RoundOptions = {}): Promise<SyncReport> {
    const key = (peers ?? []).map((peer) => peer.address).join(' ')
    if (isForeign && this.#lastReport !== undefined && !this.#mayStart(key)) return this.#lastReport
    return this.#rounds.run(
      key,
      (flight) => this.#node.track(this.#wholeRound(peers, flight)),
      untilClosing(this.#node, signal),
    )
  }

  /** Keeps what peers advertise. If the policy wants it, it is fetched in a moment. */
  noteAdvertised(advertisements: readonly Advertisement[]): void {
    const node = this.#node
    for (const { cid, from } of advertisements) node.peers.absences.forget(from.address, cid)
    const wanted = advertisements.filter(({ metric }) => considers(node.config.policy, metric))
    const byStanding = Map.groupBy(wanted, (one) =>
      this.#state.isProven(one) ? 'proven' : 'strangers',
    )
    for (const [standing, those] of byStanding) this.#noteAnnounced(standing, those)
  }

  #noteAnnounced(standing: 'proven' | 'strangers', those: readonly Advertisement[]): void {
    const node = this.#node
    const work = this.#state.announced[standing]
    if (!work.note(those)) return
    node.later(`announced round, ${standing}`, work.gap.delayMs(node.clock.now()), () => {
      work.gap.start(node.clock.now())
      return this.#announcedRound(work)
    })
  }

  /** Whether a foreign caller may start a round, or there is one to join. */
  #mayStart(key: string): boolean {
    return this.#rounds.has(key) || this.#foreignRounds.tryTake(this.#node.clock.now())
  }

  async #wholeRound(
    chosen: readonly PeerAddress[] | undefined,
    signal: AbortSignal,
  ): Promise<SyncReport> {
    const node = this.#node
    const budget = new RoundBudget(node.config.policy, this.#state)
    const round = this.#begin(budget, signal)
    const peers = chosen ?? choosePeers(node)
    const policy: Policy = { ...node.config.policy, scope: 'frontier' }
    const most = Math.ceil((budget.requests.most * LISTS_SHARE) / Math.max(1, peers.length))
    const answers = await mapBounded(peers, PEERS_A_ROUND, async (peer) => {
      const requests = { made: 0, most }
      const answer = await this.#asked(peer, () =>
        offersOf(node, peer, policy, { signal, requests, turns: this.#state.metrics }),
      )
      budget.requests.made += requests.made
      return answer
    })
    const offers = answers.flatMap((answer) => answer.offers)
    const { evidence, about } = this.#state
    const refreshed = await refreshEvidence(node, offers, { budget, memory: evidence, signal })
    const brought = await mapBounded(peers, PEERS_A_ROUND, (peer) =>
      bringAbout(node, peer, { budget, memory: about, signal }),
    )
    round.noteEvidence(refreshed.length + brought.flat().length)
    const all = [...offers, ...advertisedOffers(node)]
    await round.fetchWanted({ offers: all, local: await heldPlaces(node, policy, all), policy })
    await round.retryStubs()
    const report = round.report(answers.map((answer) => answer.asked))
    this.#lastReport = report
    return report
  }

  async #announcedRound(work: AnnouncedWork): Promise<void> {
    const node = this.#node
    const leave = await work.rounds.enter(node.closing)
    try {
      const announced = work.take()
      const only = new Set(announced.map(({ cid }) => cid))
      const metrics = new Set(announced.map(({ metric }) => metric))
      const { policy, syncIntervalMs: intervalMs } = node.config
      const budget = this.#state.announcedBudget(policy, { now: node.clock.now(), intervalMs })
      const round = this.#begin(budget, node.closing)
      const offers = [...announced, ...advertisedOffers(node, metrics)]
      const local = await heldPlaces(node, policy, offers)
      const areStrangers = work === this.#state.announced.strangers
      await round.fetchWanted({ offers, local, policy, only, areStrangers })
      round.report([])
    } finally {
      leave()
    }
  }

  /** Asks a peer, and notes meanwhile that it is being asked. */
  async #asked(
    { peerId, address }: PeerAddress,
    ask: () => Promise<Offered>,
  ): Promise<{ readonly offers: readonly Offer[]; readonly asked: AskedPeer }> {
    const { clock } = this.#node
    const begun = clock.now()
    this.#asking.set(address, begun)
    try {
      const { offers, failure } = await ask()
      const error = failure && { error: { code: failure.code, message: failure.message } }
      const durationMs = clock.now() - begun
      return { offers, asked: { peerId, address, offered: offers.length, durationMs, ...error } }
    } finally {
      this.#asking.delete(address)
    }
  }

  #begin(budget: RoundBudget, signal: AbortSignal): Round {
    return new Round({
      node: this.#node,
      state: this.#state,
      advertisements: this.#advertisements,
      budget,
      signal,
    })
  }
}

/** Trusted peers by chance, and as many others as are needed. */
function choosePeers(node: SyncContext): PeerAddress[] {
  const [trusted, doubtful] = [true, false].map((isTrusted) =>
    unique(node, node.askable()).filter(
      ({ address }) => node.peers.trust(address) >= DOUBTFUL === isTrusted,
    ),
  ) as [PeerAddress[], PeerAddress[]]
  const live = [
    ...sample(node.random, trusted, PEERS_A_ROUND),
    ...node.peers.order(doubtful),
  ].slice(0, PEERS_A_ROUND)
  if (node.config.reachable) return live
  return unique(node, [...node.config.seeds, ...live]).slice(0, SEEDS_A_ROUND)
}
