import { Semaphore } from '../../concurrency/semaphore.ts'
import { Throttle } from '../../concurrency/throttle.ts'
import type { Policy } from '../../core/policy.ts'
import { type Candidate, Wants } from '../../protocol/sync/want.ts'
import { EvidenceMemory } from './evidence.ts'
import { RoundBudget } from './round-budget.ts'

/** Announced items kept for the next round. */
const ANNOUNCED_MAX = 4_096
/** The first announcement is acted on at once; what follows within this time, together. */
const ANNOUNCED_GAP_MS = 50
/** Announced rounds under way at once: a slow peer in one must not hold up the news of others. */
const ROUNDS_AT_ONCE = 4

/** What background sync remembers between rounds. */
export class SyncState {
  /** Failed fetches, and refusals. */
  readonly wants = new Wants()
  /** Evidence that has been asked for. */
  readonly evidence = new EvidenceMemory()
  readonly announcedRounds = new Semaphore(ROUNDS_AT_ONCE)
  readonly announcedGap = new Throttle(ANNOUNCED_GAP_MS)
  #announced: Candidate[] = []
  #budget: { readonly budget: RoundBudget; readonly until: number } | undefined

  /** Keeps candidates for the next announced round; whether they are its first. */
  noteAdvertised(candidates: readonly Candidate[]): boolean {
    const first = this.#announced.length === 0
    this.#announced.push(...candidates.slice(0, ANNOUNCED_MAX - this.#announced.length))
    return first
  }

  /** The candidates kept since the last call. */
  takeAdvertised(): Candidate[] {
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
