import { BoundedMap } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'

/** The first wait after a failed fetch. Each further failure doubles it, up to the longest. */
const RETRY_FIRST_MS = 5_000
const RETRY_LONGEST_MS = 60 * 60 * 1_000
/** The wait after a failure that no repetition will mend. */
const HOPELESS_MS = 24 * 60 * 60 * 1_000
/**
 * Items remembered as failed, and as refused. Beyond it the oldest are forgotten and tried again.
 */
const REMEMBERED_MAX = 4_096

/** An item that this grove does not fetch unasked for now. */
export interface Refusal {
  readonly cid: Cid
  readonly reason: string
  /** Unix ms. */
  readonly until: number
}

/** How a fetch failed. */
export interface FailedFetch {
  /** Whether another fetch may fare better. */
  readonly retryable: boolean
  /** The addresses of peers that may have it and were not reached. */
  readonly unreached?: readonly string[]
}

/** Whether a peer has answered at an address after that moment (Unix ms). */
export type HasAnswered = (address: string, since: number) => boolean

/** What is remembered of an item's failed fetches. */
interface Failures {
  readonly count: number
  /** Both Unix ms. */
  readonly since: number
  readonly until: number
  readonly unreached: readonly string[]
}

/**
 * The items that background sync does not fetch for now: those that failed, and refused ones. One
 * that failed since its peers could not be reached waits no longer than after a first failure once
 * one of them answers: however long a network was cut, what lies beyond comes soon after.
 */
export class Backoff {
  readonly #hasAnswered: HasAnswered
  readonly #failures = new BoundedMap<Cid, Failures>(REMEMBERED_MAX)
  readonly #refusals = new BoundedMap<Cid, Refusal>(REMEMBERED_MAX)

  constructor(hasAnswered: HasAnswered) {
    this.#hasAnswered = hasAnswered
  }

  /** Notes a failed fetch: the item waits, longer after each failure. */
  failed(cid: Cid, now: number, { retryable, unreached = [] }: FailedFetch): void {
    const count = (this.#failures.get(cid)?.count ?? 0) + 1
    const waitMs = retryable
      ? Math.min(RETRY_FIRST_MS * 2 ** Math.min(count - 1, 20), RETRY_LONGEST_MS)
      : HOPELESS_MS
    this.#failures.set(cid, { count, since: now, until: now + waitMs, unreached })
  }

  /** Keeps the item from being fetched until then (Unix ms), for a reason such as `too-large`. */
  refuse(cid: Cid, reason: string, until: number): void {
    this.#refusals.set(cid, { cid, reason, until })
  }

  /** Forgets failures and refusals of an item that is here now. */
  settled(cid: Cid): void {
    this.#failures.delete(cid)
    this.#refusals.delete(cid)
  }

  /** The refusals in force. */
  refusals(now: number): Refusal[] {
    for (const refusal of this.#refusals.values())
      if (refusal.until <= now) this.#refusals.delete(refusal.cid)
    return [...this.#refusals.values()]
  }

  /** How many refusals are in force, by reason. */
  refusalCounts(now: number): Record<string, number> {
    const byReason = Map.groupBy(this.refusals(now), ({ reason }) => reason)
    return Object.fromEntries([...byReason].map(([reason, { length }]) => [reason, length]))
  }

  /**
   * Why the item waits: the reason of its refusal, or `backing-off`; undefined where it may be
   * fetched.
   */
  reasonToWait(cid: Cid, now: number): string | undefined {
    const refusal = this.#refusals.get(cid)
    if (refusal !== undefined && refusal.until > now) return refusal.reason
    const failures = this.#failures.get(cid)
    return failures !== undefined && this.#isWaiting(failures, now) ? 'backing-off' : undefined
  }

  #isWaiting({ since, until, unreached }: Failures, now: number): boolean {
    // A clock that was set back must not lengthen the wait.
    if (until <= now || since > now) return false
    const isFirstWait = since + RETRY_FIRST_MS > now
    return isFirstWait || !unreached.some((address) => this.#hasAnswered(address, since))
  }
}
