import { mapBounded } from '../../concurrency/semaphore.ts'
import type { Cid } from '../../core/cid.ts'
import { type GroveError, isGroveError } from '../../core/errors.ts'
import { PROVIDERS_MAX } from '../../core/limits.ts'
import { defaultPolicy } from '../../core/policy.ts'
import { timestamp } from '../../core/time.ts'
import type { SyncReport } from '../../core/wire/federation.ts'
import type { FetchResult } from '../../core/wire/fetch.ts'
import { type Plan, type PlanInput, planWants, type Want } from '../../protocol/sync/plan.ts'
import type { NodeContext } from '../context.ts'
import { type FetchHooks, fetchRemoteContribution } from '../fetch/fetch.ts'
import { failedAttempts } from '../peers/contact.ts'
import { unique } from '../peers/providers.ts'
import { AcceptanceCheck } from './acceptance-check.ts'
import { heldAmong, partialAmong, stubOffers } from './offers.ts'
import type { RoundBudget } from './round-budget.ts'

/** Faults of a manifest whose hash was right: nobody has a better one. (Too large says nothing of its hash.) */
const HOPELESS = new Set(['manifest-invalid', 'manifest-unknown-field', 'manifest-not-canonical'])
const FETCHES_AT_ONCE = 4
const STUBS_A_ROUND = 20
/** How long a contribution rests of whose artifacts the rest is too large to be taken unasked. */
const TOO_LARGE_REST_MS = 60 * 60_000
/** How long one is left alone that the policy does not want, as its manifest showed: neither will change. */
const UNWANTED_REST_MS = 24 * 60 * 60_000
/** Items named in one report. */
const REPORTED_MAX = 1_000

/** What a round chooses from. */
interface Choice extends Pick<PlanInput, 'offers' | 'local' | 'policy'> {
  /** Nothing else is fetched, whatever is wanted. */
  readonly only?: ReadonlySet<Cid>
}

/** How a want is fetched. */
interface FetchMode {
  readonly accept?: FetchHooks['accept']
  readonly options?: { readonly artifacts?: 'none'; readonly ancestors?: number }
}

/** One round of background sync: what it may still do, and what it has done so far. */
export class Round {
  readonly #node: NodeContext
  readonly #budget: RoundBudget
  readonly #signal: AbortSignal
  readonly #startedAt: number
  readonly #fetched: Cid[] = []
  readonly #skipped: SyncReport['skipped'] = []
  readonly #failed: SyncReport['failed'] = []
  #offered = 0
  #bytesMoved = 0

  constructor(node: NodeContext, budget: RoundBudget, signal: AbortSignal) {
    this.#node = node
    this.#budget = budget
    this.#signal = signal
    this.#startedAt = node.clock.now()
  }

  /** Plans over all offers, and fetches what is wanted (only those of `only`, if it is given). */
  async fetchWanted({ offers, local, policy, only }: Choice): Promise<void> {
    const node = this.#node
    const held = await heldAmong(node, [...offers, ...local])
    const partial = only === undefined ? await partialAmong(node, held) : new Set<Cid>()
    const { wants, skipped } = this.#plan({ offers, local, policy, held, partial })
    this.#offered += new Set(offers.map(({ cid }) => cid)).size
    if (only === undefined) for (const { cid, reason } of skipped) this.#skip(cid, reason)
    const check = new AcceptanceCheck(node, offers, policy)
    const chosen = only === undefined ? wants : wants.filter(({ cid }) => only.has(cid))
    await mapBounded(chosen, FETCHES_AT_ONCE, (want) =>
      this.#fetch(want, { accept: (contribution, from) => check.accept(contribution, from) }),
    )
  }

  /** Some of the contributions that are known by id only; without artifacts, which nobody asked for. */
  async retryStubs(): Promise<void> {
    const { wants } = this.#plan({
      offers: await stubOffers(this.#node),
      local: [],
      policy: { ...defaultPolicy, topK: STUBS_A_ROUND },
      held: new Set(),
    })
    const options = { artifacts: 'none', ancestors: 0 } as const
    await mapBounded(wants.slice(0, STUBS_A_ROUND), FETCHES_AT_ONCE, (want) =>
      this.#fetch(want, { options }),
    )
  }

  /** What came of it, told to whoever listens if anything did. */
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
      requests: this.#budget.requests.made,
      bytesMoved: this.#bytesMoved,
    }
    if (this.#fetched.length === 0 && this.#failed.length === 0) return report
    node.events.publish({ type: 'sync', report })
    const counts = { fetched: this.#fetched.length, failed: this.#failed.length }
    node.log.info('synced', { peers, ...counts, bytesMoved: this.#bytesMoved })
    return report
  }

  #plan(input: Omit<PlanInput, 'reasonToWait' | 'now'>): Plan {
    const now = this.#node.clock.now()
    const reasonToWait = (cid: Cid) => this.#node.sync.reasonToWait(cid, now)
    return planWants({ ...input, reasonToWait, now })
  }

  /** Fetches an item, unless another round is at it or has just failed to. */
  async #fetch(want: Want, mode: FetchMode): Promise<void> {
    const { cid } = want
    const { sync, clock } = this.#node
    this.#signal.throwIfAborted()
    const providers = unique(this.#node, this.#node.peers.order(want.providers))
      .filter(({ address }) => this.#budget.withinErrorBudget(address))
      .slice(0, PROVIDERS_MAX)
    if (this.#budget.isSpent) return this.#skip(cid, 'budget')
    if (providers.length === 0) return this.#skip(cid, 'peers-fail')
    if (sync.reasonToWait(cid, clock.now()) !== undefined) return this.#skip(cid, 'under-way')
    this.#budget.requests.made++
    await sync.fetches.run(cid, () => this.#tryToBring(cid, providers, mode))
  }

  async #tryToBring(cid: Cid, providers: Want['providers'], mode: FetchMode): Promise<void> {
    try {
      await this.#bring(cid, providers, mode)
    } catch (error) {
      if (this.#signal.aborted || !isGroveError(error) || error.code.startsWith('storage-'))
        throw error
      this.#onFetchFailed(cid, error, providers)
    }
  }

  async #bring(
    cid: Cid,
    providers: Want['providers'],
    { accept, options }: FetchMode,
  ): Promise<void> {
    const { maxArtifactBytes } = this.#node.config.policy
    const isShort = this.#budget.bytesLeft < maxArtifactBytes
    const result = await fetchRemoteContribution(
      this.#node,
      cid,
      { ...options, maxBytes: this.#budget.bytesLeft },
      {
        signal: this.#signal,
        providers,
        maxArtifactBytes,
        takeEvidence: (address) => this.#budget.tryTakeEvidence(address),
        ...(accept === undefined ? {} : { accept }),
      },
    )
    this.#bytesMoved += result.bytesMoved
    this.#budget.moved(result.bytesMoved)
    this.#settle(cid, result, isShort)
  }

  /** It is here. Artifacts that could not be had are tried again, later each time; those too large to be taken unasked are not. */
  #settle(cid: Cid, { missing, source }: FetchResult, isShort: boolean): void {
    const { backoff } = this.#node.sync
    const now = this.#node.clock.now()
    const lost = missing.filter((item) => 'hash' in item)
    const failure = lost.find(({ reason }) => isShort || reason !== 'too-large')
    if (failure !== undefined) {
      this.#failed.push({ cid, reason: failure.reason })
      if (source.address !== undefined) this.#budget.chargeFailure(source.address, failure.reason)
      backoff.failed(cid, now, true)
      return
    }
    this.#fetched.push(cid)
    backoff.settled(cid)
    if (lost.length > 0) backoff.refuse(cid, 'too-large', now + TOO_LARGE_REST_MS)
  }

  #onFetchFailed(cid: Cid, error: GroveError, providers: Want['providers']): void {
    const { backoff } = this.#node.sync
    const now = this.#node.clock.now()
    if (error.code === 'unwanted') {
      const reason = String(error.details['reason'])
      this.#skip(cid, reason)
      backoff.refuse(cid, reason, now + UNWANTED_REST_MS)
      return
    }
    this.#failed.push({ cid, reason: error.code })
    backoff.failed(cid, now, !HOPELESS.has(error.code))
    const asked = failedAttempts(error)
    for (const { address, code } of asked) this.#budget.chargeFailure(address, code)
    const [first] = providers
    if (asked.length === 0 && first !== undefined)
      this.#budget.chargeFailure(first.address, error.code)
  }

  #skip(cid: Cid, reason: string): void {
    if (this.#skipped.length < REPORTED_MAX) this.#skipped.push({ cid, reason })
  }
}
