import { mustHold } from '../../core/invariant.ts'
import { dimensionKey, type LocalEntry } from '../../core/ranking/frontier.ts'

/**
 * The first of a burst is pushed at once. What enters within this time waits, and goes together.
 */
const PUSH_GAP_MS = 100

/** The new places in the local frontier that are still to be pushed. */
export class PushQueue {
  #entries: readonly LocalEntry[] = []
  #dueAt = Number.POSITIVE_INFINITY
  /** Until when items that began here have to wait (Unix ms). */
  #quietUntil = Number.NEGATIVE_INFINITY

  /** When the next push is due (Unix ms); infinite while nothing waits. */
  get dueAt(): number {
    return this.#dueAt
  }

  /**
   * The places in these metrics are now `entries`: of those waiting, the ones that are still among
   * them stay, and new ones join them. Relayed items alone go without delay: their burst was
   * gathered where it began, and would be delayed again on each hop.
   */
  update(
    entries: readonly LocalEntry[],
    {
      isTold,
      isNew,
      isRelayed,
      now,
    }: {
      /** Whether `entries` has the places of this metric. */
      readonly isTold: (metric: string) => boolean
      readonly isNew: (entry: LocalEntry) => boolean
      readonly isRelayed: (entry: LocalEntry) => boolean
      readonly now: number
    },
  ): void {
    const waiting = new Set(this.#entries.map(keyOf))
    this.#entries = [
      ...this.#entries.filter(({ metric }) => !isTold(metric)),
      ...entries.filter((entry) => isNew(entry) || waiting.has(keyOf(entry))),
    ]
    if (this.#entries.length === 0) {
      this.clear()
      return
    }
    const soonest = this.#entries.every(isRelayed) ? now : Math.max(now, this.#quietUntil)
    this.#dueAt = Math.min(this.#dueAt, soonest)
  }

  /** Empties the queue: its entries are pushed now. */
  take(now: number): readonly LocalEntry[] {
    const entries = this.#entries
    this.clear()
    this.#quietUntil = now + PUSH_GAP_MS
    return entries
  }

  clear(): void {
    this.#entries = []
    this.#dueAt = Number.POSITIVE_INFINITY
  }

  checkInvariants(): void {
    const isDue = Number.isFinite(this.#dueAt)
    mustHold(isDue === this.#entries.length > 0, 'what waits to be pushed is due, and nothing else')
  }

  /** The clock was set back: pushes come no later for it. */
  shiftClock(byMs: number): void {
    this.#dueAt -= byMs
    this.#quietUntil -= byMs
  }
}

const keyOf = (entry: LocalEntry): string => `${entry.cid} ${dimensionKey(entry)}`
