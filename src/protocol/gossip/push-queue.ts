import { mustHold } from '../../core/invariant.ts'
import { dimensionKey, type LocalEntry } from '../../core/ranking/frontier.ts'

/** The first of a burst goes at once; what enters within this time of it waits, and travels together. */
const PUSH_GAP_MS = 100

/** What has newly entered the local frontier and is to be pushed, and when. */
export class PushQueue {
  #entries: readonly LocalEntry[] = []
  #dueAt = Number.POSITIVE_INFINITY
  /** Until when what began here has to wait. */
  #quietUntil = Number.NEGATIVE_INFINITY

  /** When to push (Unix ms); infinite while nothing waits. */
  get dueAt(): number {
    return this.#dueAt
  }

  /**
   * The local frontier is now `entries`: those that waited and are still among them go on waiting,
   * and those that are new begin to. What others told goes without delay: its burst was gathered
   * where it began, and it would wait again on each hop.
   */
  update(
    entries: readonly LocalEntry[],
    {
      isNew,
      isRelayed,
      now,
    }: {
      readonly isNew: (entry: LocalEntry) => boolean
      readonly isRelayed: (entry: LocalEntry) => boolean
      readonly now: number
    },
  ): void {
    const waiting = new Set(this.#entries.map(keyOf))
    this.#entries = entries.filter((entry) => isNew(entry) || waiting.has(keyOf(entry)))
    if (this.#entries.length === 0) {
      this.clear()
      return
    }
    const soonest = this.#entries.every(isRelayed) ? now : Math.max(now, this.#quietUntil)
    this.#dueAt = Math.min(this.#dueAt, soonest)
  }

  /** Takes all that waits, which is pushed now. */
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

  /** The clock was set back: what waits goes no later for it. */
  shiftClock(byMs: number): void {
    this.#dueAt -= byMs
    this.#quietUntil -= byMs
  }
}

const keyOf = (entry: LocalEntry): string => `${entry.cid} ${dimensionKey(entry)}`
