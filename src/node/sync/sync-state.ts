import { Semaphore } from '../../concurrency/semaphore.ts'
import { Throttle } from '../../concurrency/throttle.ts'
import type { Policy } from '../../core/policy.ts'
import { type Candidate, Wants } from '../../protocol/sync/want.ts'
import { EvidenceMemory } from './evidence.ts'
import { RoundBudget } from './round-budget.ts'

/** Announced items kept until their round begins. */
const ANNOUNCED_MAX = 4_096
/** What is announced is fetched at once; what is announced within this time after it, together. */
const ANNOUNCED_GAP_MS = 50
/** Rounds of announced work under way at once: a slow peer in one of them must not hold up the news of others. */
const ROUNDS_AT_ONCE = 4

/** What background sync remembers between rounds. */
export class SyncState {
  /** What was tried, and what is refused. */
  readonly wants = new Wants()
  /** Whose knowledge about what is held here has been taken in. */
  readonly evidence = new EvidenceMemory()
  readonly announcedRounds = new Semaphore(ROUNDS_AT_ONCE)
  readonly announcedGap = new Throttle(ANNOUNCED_GAP_MS)
  #announced: Candidate[] = []
  #budget: { readonly budget: RoundBudget; readonly until: number } | undefined

  /** Keeps what peers say they have, for the next round; whether it is the first of it. */
  noteAdvertised(candidates: readonly Candidate[]): boolean {
    const first = this.#announced.length === 0
    this.#announced.push(...candidates.slice(0, ANNOUNCED_MAX - this.#announced.length))
    return first
  }

  /** What has been announced since it was last asked. */
  takeAdvertised(): Candidate[] {
    const announced = this.#announced
    this.#announced = []
    return announced
  }

  /** What announced work may cost: as much as one round, for all that is announced within one interval. */
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
