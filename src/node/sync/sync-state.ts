import { Semaphore } from '../../concurrency/semaphore.ts'
import { Singleflight } from '../../concurrency/singleflight.ts'
import { Throttle } from '../../concurrency/throttle.ts'
import type { Cid } from '../../core/cid.ts'
import type { Policy } from '../../core/policy.ts'
import type { Advertisement } from '../../core/ranking/advertisement.ts'
import { Backoff } from '../../protocol/sync/backoff.ts'
import { AboutMemory } from './about.ts'
import { EvidenceMemory } from './evidence-memory.ts'
import { RoundBudget } from './round-budget.ts'

/** Announced items kept for the next round. */
const ANNOUNCED_MAX = 4_096
/** The first announcement is acted on at once; what follows within this time, together. */
const ANNOUNCED_GAP_MS = 50
/** Announced rounds under way at once: a slow peer in one must not hold up the news of others. */
const ROUNDS_AT_ONCE = 4

/** What background sync remembers between rounds. */
export class SyncState {
  /** Items that wait: their fetch failed, or they are refused. */
  readonly backoff = new Backoff()
  /** The fetches of background sync that are under way, by cid. */
  readonly fetches = new Singleflight<void>()
  /** Evidence that has been asked for. */
  readonly evidence = new EvidenceMemory()
  /** What peers were asked about what is held here. */
  readonly about = new AboutMemory()
  readonly announcedRounds = new Semaphore(ROUNDS_AT_ONCE)
  readonly announcedGap = new Throttle(ANNOUNCED_GAP_MS)
  #announced: Advertisement[] = []
  #budget: { readonly budget: RoundBudget; readonly until: number } | undefined

  /** Why background sync does not fetch this item now; undefined where it may. */
  reasonToWait(cid: Cid, now: number): string | undefined {
    return this.fetches.has(cid) ? 'under-way' : this.backoff.reasonToWait(cid, now)
  }

  /**
   * Keeps advertisements for the next round of announced work. Returns whether they are the first.
   */
  noteAdvertised(advertisements: readonly Advertisement[]): boolean {
    const first = this.#announced.length === 0
    this.#announced.push(...advertisements.slice(0, ANNOUNCED_MAX - this.#announced.length))
    return first
  }

  /** Takes the advertisements kept since the last time. */
  takeAdvertised(): Advertisement[] {
    const announced = this.#announced
    this.#announced = []
    return announced
  }

  /** The budget of announced rounds: that of one round for each sync interval. */
  announcedBudget(
    policy: Policy,
    { now, intervalMs }: { now: number; intervalMs: number },
  ): RoundBudget {
    const current = this.#budget
    if (current !== undefined && now < current.until && current.until <= now + intervalMs)
      return current.budget
    const budget = new RoundBudget(policy)
    this.#budget = { budget, until: now + intervalMs }
    return budget
  }
}
