import { mapBounded } from '../../concurrency/semaphore.ts'
import type { Cid } from '../../core/cid.ts'
import { type ErrorCode, type GroveError, isGroveError } from '../../core/errors.ts'
import { PROVIDERS_MAX } from '../../core/limits.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { defaultPolicy } from '../../core/policy.ts'
import { timestamp } from '../../core/time.ts'
import type { AskedPeer, BroughtItem, SyncReport } from '../../core/wire/federation.ts'
import type { FetchResult } from '../../core/wire/fetch.ts'
import { type Plan, type PlanInput, planWants, type Want } from '../../protocol/sync/plan.ts'
import type { SyncContext } from '../context.ts'
import { fetchWanted, type WantedHooks } from '../fetch/fetch.ts'
import type { AdvertisementVerifier } from '../peers/advertisement-verifier.ts'
import { failedAttempts } from '../peers/contact.ts'
import { neutralReport } from '../peers/neutral.ts'
import { unique } from '../peers/providers.ts'
import { AcceptanceCheck } from './acceptance-check.ts'
import { heldAmong, stubOffers } from './offers.ts'
import { addressIn, broughtBy, isUnreached, pauseMsOf } from './outcome.ts'
import type { RoundBudget } from './round-budget.ts'
import type { SyncState } from './sync-state.ts'

/** Fetches at once of what one host offers, and hosts at once. */
const FETCHES_AT_ONCE = 4
const HOSTS_AT_ONCE = 8
const TOO_LARGE: ErrorCode = 'too-large'
const BUSY: ErrorCode = 'busy'
const STUBS_A_ROUND = 20
/** How long a contribution rests whose missing artifacts are too large to be taken unasked. */
const TOO_LARGE_REST_MS = 60 * 60_000
/** How long a contribution rests that the policy does not want: neither will change soon. */
const UNWANTED_REST_MS = 24 * 60 * 60_000
/** Items named in one report. */
const REPORTED_MAX = 1_000

/** What a round chooses from. */
interface Choice extends Pick<PlanInput, 'offers' | 'local' | 'policy'> {
  /** Nothing else is fetched, whatever is wanted. */
  readonly only?: ReadonlySet<Cid>
  /** Whether these are only announced by hosts that have brought nothing yet. */
  readonly areStrangers?: boolean
}

/** How a want is fetched. */
interface FetchMode {
  /** Aborts when another fetch of the round has failed for good. */
  readonly ended: AbortSignal
  /** Whose providers are asked first. */
  readonly host: string
  readonly accept?: WantedHooks['accept']
  readonly options?: { readonly artifacts?: 'none'; readonly ancestors?: number }
  /** Whether the providers offered it, and didn't just seem likely. */
  readonly isOffered?: boolean | undefined
  readonly areStrangers?: boolean | undefined
}

/** What a fetch that brought something was like. */
interface Settling extends Pick<FetchMode, 'isOffered'>, Pick<Want, 'providers'> {
  /** Whether the round had fewer bytes left than an artifact may have. */
  readonly isShort: boolean
}

/** How the wants of a round are fetched. */
type WantedMode = Omit<FetchMode, 'ended' | 'host'>

interface RoundParts {
  readonly node: SyncContext
  readonly state: SyncState
  readonly advertisements: AdvertisementVerifier
  readonly budget: RoundBudget
  readonly signal: AbortSignal
  /** Hosts that are left out, since a round before is still fetching what they offer. */
  readonly busyHosts?: Set<string>
}

/** One round of background sync: what it may still do, and what it has done. */
export class Round {
  readonly #node: SyncContext
  readonly #state: SyncState
  readonly #advertisements: AdvertisementVerifier
  readonly #budget: RoundBudget
  readonly #signal: AbortSignal
  readonly #busyHosts: Set<string>
  readonly #startedAt: number
  readonly #fetched: Cid[] = []
  readonly #brought: BroughtItem[] = []
  readonly #skipped: SyncReport['skipped'] = []
  readonly #failed: SyncReport['failed'] = []
  readonly #offered = new Set<Cid>()
  readonly #held = new Set<Cid>()
  #evidence = 0
  #bytesMoved = 0

  constructor(parts: RoundParts) {
    const { node, state, advertisements, budget, signal, busyHosts = new Set() } = parts
    this.#node = node
    this.#state = state
    this.#advertisements = advertisements
    this.#budget = budget
    this.#signal = signal
    this.#busyHosts = busyHosts
    this.#startedAt = node.clock.now()
  }

  /** Plans over all offers and fetches what is wanted: of `only`, where that is given. */
  async fetchWanted({ offers, local, policy, only, areStrangers }: Choice): Promise<void> {
    const node = this.#node
    const held = await heldAmong(node, [...offers, ...local])
    const partial =
      only === undefined ? await this.#state.completeness.partialAmong(node, held) : new Set<Cid>()
    const { wants, skipped } = await this.#plan({ offers, local, policy, held, partial })
    for (const { cid } of offers) {
      const isNew = !this.#offered.has(cid)
      this.#offered.add(cid)
      if (isNew && held.has(cid) && !partial.has(cid)) this.#held.add(cid)
    }
    if (only === undefined) for (const { cid, reason } of skipped) this.#skip(cid, reason)
    const check = new AcceptanceCheck(this.#advertisements, offers, policy)
    const chosen = only === undefined ? wants : wants.filter(({ cid }) => only.has(cid))
    const accept: FetchMode['accept'] = (contribution, from) => check.accept(contribution, from)
    await this.#fetchByHost(chosen, { accept, isOffered: true, areStrangers })
  }

  /** So many contributions came because they are about something held here. */
  noteEvidence(count: number): void {
    this.#evidence += count
  }

  /** Fetches some stubs, without their artifacts, which nobody asked for. */
  async retryStubs(): Promise<void> {
    const { wants } = await this.#plan({
      offers: await stubOffers(this.#node),
      local: [],
      policy: { ...defaultPolicy, topK: STUBS_A_ROUND },
      held: new Set(),
    })
    const options = { artifacts: 'none', ancestors: 0 } as const
    await this.#fetchByHost(wants.slice(0, STUBS_A_ROUND), { options })
  }

  /** The round's report; an event, too, if anything came of it. */
  report(asked: AskedPeer[]): SyncReport {
    const node = this.#node
    const report: SyncReport = {
      startedAt: timestamp(this.#startedAt),
      durationMs: node.clock.now() - this.#startedAt,
      peers: asked.length,
      asked,
      offered: this.#offered.size,
      held: this.#held.size,
      fetched: this.#fetched,
      evidence: this.#evidence,
      brought: this.#brought,
      skipped: this.#skipped,
      failed: this.#failed,
      refused: this.#state.backoff.refusalCounts(node.clock.now()),
      requests: this.#budget.requests.made,
      bytesMoved: this.#bytesMoved,
    }
    if (this.#fetched.length + this.#failed.length + this.#evidence === 0) return report
    node.events.publish({ type: 'sync', report: neutralReport(report) })
    const { evidence, refused, bytesMoved } = report
    const counts = { fetched: this.#fetched.length, evidence, failed: this.#failed.length }
    node.log.info('synced', { asked: asked.length, ...counts, refused, bytesMoved })
    return report
  }

  /** Plans step by step, with a breath before each. */
  async #plan(input: Omit<PlanInput, 'reasonToWait' | 'now'>): Promise<Plan> {
    const now = this.#node.clock.now()
    const { hostOf, credit } = this.#state
    const reasonToWait = (cid: Cid) => this.#state.reasonToWait(cid, now)
    const isProven = (host: string) => credit.isProven(host)
    const steps = planWants({ ...input, hostOf, isProven, reasonToWait, now })
    for (;;) {
      const breath = this.#node.breathe()
      if (breath !== undefined) await breath
      const { done, value } = steps.next()
      if (done === true) return value
    }
  }

  /** Fetches in the order of the wants, but nothing waits for what another host sends. */
  async #fetchByHost(wants: readonly Want[], mode: WantedMode): Promise<void> {
    const byHost = Map.groupBy(wants, (want) => this.#hostFor(want))
    await mapBounded([...byHost], HOSTS_AT_ONCE, async ([host, own], ended) => {
      if (this.#busyHosts.has(host)) {
        for (const { cid } of own) this.#skip(cid, 'host-busy')
        return
      }
      this.#busyHosts.add(host)
      try {
        await mapBounded(own, FETCHES_AT_ONCE, (want, failed) =>
          this.#fetch(want, { ...mode, host, ended: AbortSignal.any([ended, failed]) }),
        )
      } finally {
        this.#busyHosts.delete(host)
      }
    })
  }

  /** The host that a want waits for: of its first provider, but rather of one that is not busy. */
  #hostFor({ providers }: Want): string {
    const hosts = this.#node.peers
      .order(providers)
      .map(({ address }) => this.#state.hostOf(address))
    return hosts.find((host) => !this.#busyHosts.has(host)) ?? hosts[0] ?? ''
  }

  /** Fetches an item, unless another round is at it or has just failed to. */
  async #fetch(want: Want, mode: FetchMode): Promise<void> {
    const { cid } = want
    const signal = AbortSignal.any([this.#signal, mode.ended])
    signal.throwIfAborted()
    const isElsewhere = ({ address }: PeerAddress) =>
      Number(this.#state.hostOf(address) !== mode.host)
    const providers = unique(this.#node, this.#node.peers.order(want.providers))
      .toSorted((a, b) => isElsewhere(a) - isElsewhere(b))
      .filter(({ address }) => this.#budget.withinErrorBudget(address))
      .slice(0, PROVIDERS_MAX)
    if (this.#budget.isSpent || (mode.areStrangers && this.#budget.isSpentOnStrangers))
      return this.#skip(cid, 'budget')
    if (providers.length === 0) return this.#skip(cid, 'peers-fail')
    if (this.#state.reasonToWait(cid, this.#node.clock.now()) !== undefined)
      return this.#skip(cid, 'under-way')
    this.#budget.requests.made++
    await this.#state.fetches.run(cid, () => this.#tryToBring(cid, providers, mode, signal))
  }

  /** A failure of this grove's own (a full disk, a shutdown) ends the round and charges no peer. */
  async #tryToBring(
    cid: Cid,
    providers: Want['providers'],
    mode: FetchMode,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#bring(cid, providers, { ...mode, signal })
    } catch (error) {
      if (signal.aborted || !isGroveError(error) || error.kind.blame === 'self') throw error
      this.#onFetchFailed(cid, error, providers, mode)
    }
  }

  async #bring(
    cid: Cid,
    providers: Want['providers'],
    { accept, options, isOffered, signal }: WantedMode & { readonly signal: AbortSignal },
  ): Promise<void> {
    const { maxArtifactBytes } = this.#node.config.policy
    const isShort = this.#budget.bytesLeft < maxArtifactBytes
    const result = await fetchWanted(
      this.#node,
      cid,
      { ...options, maxBytes: this.#budget.bytesLeft },
      {
        signal,
        providers,
        maxArtifactBytes,
        takeEvidence: (address, sizeBytes) => this.#budget.tryTakeEvidence(address, sizeBytes),
        ...(accept === undefined ? {} : { accept }),
      },
    )
    this.#bytesMoved += result.bytesMoved
    this.#budget.moved(result.bytesMoved)
    this.#settle(cid, result, { isShort, isOffered, providers })
  }

  /**
   * Notes a fetch that brought the manifest. Artifacts that could not be had are tried again, later
   * each time; those too large to be taken unasked are not.
   */
  #settle(cid: Cid, result: FetchResult, { isShort, isOffered, providers }: Settling): void {
    const { missing, source } = result
    const now = this.#node.clock.now()
    const lost = missing.filter((item) => 'hash' in item)
    const failure = lost.find(({ reason }) => isShort || reason !== TOO_LARGE)
    if (failure !== undefined) {
      this.#failed.push({ cid, reason: failure.reason, ...addressIn(source.address) })
      if (source.address !== undefined) this.#charge(source.address, failure.reason, isOffered)
      const unreached = isUnreached(failure.reason) ? providers.map(({ address }) => address) : []
      this.#state.backoff.failed(cid, now, { retryable: true, unreached })
      return
    }
    this.#fetched.push(cid)
    // A stub is nobody's offer: to hold what one's own work names proves nothing.
    if (source.address !== undefined && isOffered === true)
      this.#state.credit.kept(this.#state.hostOf(source.address))
    if (this.#brought.length < REPORTED_MAX) this.#brought.push(broughtBy(result))
    this.#state.backoff.settled(cid)
    if (lost.length === 0) return
    this.#state.backoff.refuse(cid, TOO_LARGE, now + TOO_LARGE_REST_MS)
    const maxBytes = this.#node.config.policy.maxArtifactBytes
    this.#node.log.info('artifacts left out, a fetch brings them', { cid, maxBytes })
  }

  #onFetchFailed(
    cid: Cid,
    error: GroveError,
    providers: Want['providers'],
    { isOffered }: FetchMode,
  ): void {
    const now = this.#node.clock.now()
    if (error.code === 'unwanted') {
      const reason = String(error.details['reason'])
      this.#skip(cid, reason)
      this.#state.backoff.refuse(cid, reason, now + UNWANTED_REST_MS)
      return
    }
    const asked = failedAttempts(error)
    if (error.code === BUSY) {
      this.#skip(cid, BUSY)
      this.#state.backoff.refuse(cid, BUSY, now + pauseMsOf(error))
    } else {
      this.#failed.push({ cid, reason: error.code, ...addressIn(asked.at(-1)?.address) })
      const unreached = asked.filter(({ code }) => isUnreached(code)).map(({ address }) => address)
      this.#state.backoff.failed(cid, now, { retryable: !error.kind.permanent, unreached })
    }
    for (const { address, code } of asked) this.#charge(address, code, isOffered)
    const [first] = providers
    if (asked.length === 0 && first !== undefined)
      this.#charge(first.address, error.code, isOffered)
  }

  /** A peer did not bring an item; if it had offered that, its offers are worth less. */
  #charge(address: string, code: string, isOffered: boolean | undefined): void {
    // It may well have it, and says so later.
    if (code === BUSY) return
    this.#budget.chargeFailure(address, code)
    if (isOffered === true) this.#state.credit.broken(this.#state.hostOf(address))
  }

  #skip(cid: Cid, reason: string): void {
    if (this.#skipped.length < REPORTED_MAX) this.#skipped.push({ cid, reason })
  }
}
