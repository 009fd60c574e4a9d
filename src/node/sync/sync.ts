import { Bucket } from '../../concurrency/bucket.ts'
import { mapBounded } from '../../concurrency/semaphore.ts'
import { Singleflight } from '../../concurrency/singleflight.ts'
import { shareKey } from '../../core/peers/hosts.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { considers, type Policy } from '../../core/policy.ts'
import { sample } from '../../core/random.ts'
import type { Advertisement } from '../../core/ranking/advertisement.ts'
import type { AskedPeer, SyncReport } from '../../core/wire/federation.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Refusal } from '../../protocol/sync/backoff.ts'
import type { Offer } from '../../protocol/sync/plan.ts'
import type { SyncContext, TakenWork } from '../context.ts'
import { untilClosing } from '../fetch/deadline.ts'
import type { AdvertisementVerifier } from '../peers/advertisement-verifier.ts'
import { unique } from '../peers/providers.ts'
import { bringAbout } from './about.ts'
import { DimensionWatch } from './dimension-watch.ts'
import { refreshEvidence } from './evidence.ts'
import { advertisedOffers, heldPlaces, type Offered, offersOf } from './offers.ts'
import { Round } from './round.ts'
import { RoundBudget } from './round-budget.ts'
import { type AnnouncedWork, SyncState } from './sync-state.ts'

/** Rounds of this grove's own that may be under way beside each other. */
const OWN_ROUNDS_AT_ONCE = 8
/** How long a round waits for all of its peers before it fetches what the others offer. */
const VISITS_MS = 5_000
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
/** The share of rounds in which one of them is asked nevertheless: how else could it do better? */
const DOUBTFUL_ROUNDS = 1 / 8

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

/** What the peers of a round have said so far. */
interface Answers {
  readonly offers: Offer[]
  readonly asked: AskedPeer[]
  /** Dimensions in which a peer has nothing. */
  readonly empty: Set<string>
}

/** What a peer is visited for. */
interface PeerVisit {
  readonly round: Round
  readonly budget: RoundBudget
  readonly heard: Answers
  /** How many peers share the requests for lists. */
  readonly among: number
  readonly signal: AbortSignal
}

/** Fetches by itself what the policy wants: in rounds, and soon after peers announce something. */
export class BackgroundSync {
  readonly #node: SyncContext
  readonly #advertisements: AdvertisementVerifier
  readonly #state: SyncState
  readonly #dimensions: DimensionWatch
  readonly #rounds = new Singleflight<SyncReport>()
  /** The peers that are being asked at the moment, and since when. */
  readonly #asking = new Map<string, number>()
  readonly #foreignRounds = new Bucket(FOREIGN_ROUNDS_MAX, FOREIGN_ROUND_MS)
  /** Rounds of this grove's own that are under way. */
  #underWay = 0
  #lastReport: SyncReport | undefined

  constructor(node: SyncContext, advertisements: AdvertisementVerifier) {
    this.#node = node
    this.#advertisements = advertisements
    this.#dimensions = new DimensionWatch(node)
    this.#state = new SyncState(
      (address) => shareKey(node.transport.hosts, address),
      (address, since) => (node.gossip.peer(address)?.lastContact ?? 0) > since,
    )
  }

  /** The report of the latest round; undefined before the first has ended. */
  get lastReport(): SyncReport | undefined {
    return this.#lastReport
  }

  /** The peers that are being asked right now, and for how long. */
  asking(): { readonly address: string; readonly forMs: number }[] {
    const now = this.#node.clock.now()
    return [...this.#asking].map(([address, since]) => ({ address, forMs: now - since }))
  }

  /** What is not fetched unasked for now, and why. */
  refusals(): Refusal[] {
    return this.#state.backoff.refusals(this.#node.clock.now())
  }

  /** What the peer at this address has last said of what was published here. */
  takenBy(address: string): TakenWork | undefined {
    return this.#state.about.origins.taken.get(address)
  }

  /** How many of these there are, by reason. */
  refusalCounts(): Record<string, number> {
    return this.#state.backoff.refusalCounts(this.#node.clock.now())
  }

  /**
   * One round (BEHAVIOUR.md#sync): asks a few peers for their best lists, adds what gossip
   * advertises, fetches what the policy wants, best first, within the round's budget, and retries
   * some stubs. Nothing of one peer waits for another. A round under way is joined. A failure of
   * this grove's own, as a full disk, ends it. Foreign callers who come too often get the report of
   * the latest round.
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

  /**
   * The next round of this grove's own. Those before it go on, with who is slow: a round asks no
   * host that one of them is asking, and fetches nothing from a host that one is fetching from.
   */
  async nextRound(): Promise<void> {
    if (this.#underWay >= OWN_ROUNDS_AT_ONCE) return
    this.#underWay += 1
    this.#rounds.leaveBehind('')
    const { closing } = this.#node
    const { busyHosts } = this.#state
    try {
      const run = (flight: AbortSignal) =>
        this.#node.track(this.#wholeRound(undefined, flight, busyHosts))
      await this.#rounds.run('', run, closing)
    } finally {
      this.#underWay -= 1
    }
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

  /** Fetching waits for the visits a while, since what they bring has its part of the budget. */
  async #wholeRound(
    chosen: readonly PeerAddress[] | undefined,
    signal: AbortSignal,
    busyHosts?: Set<string>,
  ): Promise<SyncReport> {
    const failed = new AbortController()
    const until = AbortSignal.any([signal, failed.signal])
    const budget = new RoundBudget(this.#node.config.policy, this.#state)
    const round = this.#begin(budget, until, busyHosts)
    const asked = busyHosts === undefined ? [] : [...this.#asking.keys()]
    const peers = chosen ?? this.#choosePeers(new Set(asked.map(this.#state.hostOf)))
    const heard: Answers = { offers: [], asked: [], empty: new Set() }
    const visits = mapBounded(peers, SEEDS_A_ROUND, (peer, ended) =>
      this.#visit(peer, {
        round,
        budget,
        heard,
        among: peers.length,
        signal: AbortSignal.any([until, ended]),
      }),
    )
    const orEnd = async (part: Promise<unknown>) => {
      try {
        await part
      } catch (error) {
        failed.abort(error)
      }
    }
    await Promise.all([orEnd(visits), orEnd(this.#fetchHeard(round, heard, visits))])
    failed.signal.throwIfAborted()
    await this.#dimensions.heard(heard)
    const report = round.report(heard.asked)
    if ((this.#lastReport?.startedAt ?? '') <= report.startedAt) this.#lastReport = report
    return report
  }

  /** What a peer offers, its evidence where that differs, and what others said of what is here. */
  async #visit(
    peer: PeerAddress,
    { round, budget, heard, among, signal }: PeerVisit,
  ): Promise<void> {
    const node = this.#node
    const policy: Policy = { ...node.config.policy, scope: 'frontier' }
    const begun = node.clock.now()
    this.#asking.set(peer.address, begun)
    try {
      const most = Math.ceil((budget.requests.most * LISTS_SHARE) / among)
      const requests = { made: 0, most }
      const options = { signal, requests, turns: this.#state.metrics }
      const answer = await offersOf(node, peer, policy, options)
      budget.requests.made += requests.made
      heard.offers.push(...answer.offers)
      for (const dimension of answer.empty ?? []) heard.empty.add(dimension)
      heard.asked.push(askedPeer(peer, answer, node.clock.now() - begun))
      const { evidence, about } = this.#state
      const refreshed = await refreshEvidence(node, answer.offers, {
        budget,
        memory: evidence,
        signal,
      })
      const brought = await bringAbout(node, peer, { budget, memory: about, signal })
      round.noteEvidence(refreshed.length + brought.length)
    } finally {
      this.#asking.delete(peer.address)
    }
  }

  /** Fetches what is heard in time, and then what is heard late. */
  async #fetchHeard(round: Round, heard: Answers, visits: Promise<unknown>): Promise<void> {
    const { clock, config } = this.#node
    const policy: Policy = { ...config.policy, scope: 'frontier' }
    await orLater(clock, visits, VISITS_MS)
    const inTime = heard.offers.length
    await this.#fetchOffers(round, heard, policy)
    await round.retryStubs()
    await visits
    if (heard.offers.length > inTime) await this.#fetchOffers(round, heard, policy)
  }

  async #fetchOffers(round: Round, heard: Answers, policy: Policy): Promise<void> {
    const offers = [...heard.offers, ...advertisedOffers(this.#node)]
    const local = await heldPlaces(this.#node, policy, offers)
    await round.fetchWanted({ offers, local, policy })
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

  #begin(budget: RoundBudget, signal: AbortSignal, busyHosts?: Set<string>): Round {
    return new Round({
      node: this.#node,
      state: this.#state,
      advertisements: this.#advertisements,
      budget,
      signal,
      ...(busyHosts === undefined ? {} : { busyHosts }),
    })
  }

  /** Trusted peers by chance, as many others as are needed, or one; none of these hosts. */
  #choosePeers(asked: ReadonlySet<string>): PeerAddress[] {
    const node = this.#node
    const isFree = ({ address }: PeerAddress) => !asked.has(this.#state.hostOf(address))
    const [trusted, doubtful] = [true, false].map((isTrusted) =>
      unique(node, node.askable())
        .filter(isFree)
        .filter(({ address }) => node.peers.trust(address) >= DOUBTFUL === isTrusted),
    ) as [PeerAddress[], PeerAddress[]]
    const isChance = doubtful.length > 0 && node.random.next() < DOUBTFUL_ROUNDS
    const live = unique(node, [
      ...(isChance ? sample(node.random, doubtful, 1) : []),
      ...sample(node.random, trusted, PEERS_A_ROUND),
      ...node.peers.order(doubtful),
    ]).slice(0, PEERS_A_ROUND)
    if (node.config.reachable) return live
    return unique(node, [...node.seeds().filter(isFree), ...live]).slice(0, SEEDS_A_ROUND)
  }
}

function askedPeer(
  { peerId, address }: PeerAddress,
  { offers, failure }: Offered,
  durationMs: number,
): AskedPeer {
  const error = failure && { error: { code: failure.code, message: failure.message } }
  return { peerId, address, offered: offers.length, durationMs, ...error }
}

/** Waits for the work, or so long. */
async function orLater(clock: Clock, work: Promise<unknown>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(ms, resolve)
  try {
    await Promise.race([work, promise])
  } finally {
    cancel()
  }
}
