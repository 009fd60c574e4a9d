import { BoundedMap } from '../bounded.ts'

/** Names whose time is remembered. */
const NAMES_MAX = 4_096

/**
 * The time that each of several has had of one thing, by start-time fair queueing (Goyal, Vin and
 * Cheng, SIGCOMM '96): who has had the least goes next, and nobody saves up time by having waited
 * for nothing.
 */
export class FairShares {
  /** Until when each has used up its time, on the clock of `#virtualMs`. */
  readonly #usedMs = new BoundedMap<string, number>(NAMES_MAX)
  /** Where the turn began that began last. */
  #virtualMs = 0

  /**
   * Of these, who has had the least time: the first of those who are equal. Only the least are
   * asked whether they may go, until one may.
   */
  least(names: Iterable<string>, mayGo: (name: string) => boolean = () => true) {
    const left = new Set(names)
    let least = this.#leastOf(left)
    while (least !== undefined && !mayGo(least)) {
      left.delete(least)
      least = this.#leastOf(left)
    }
    return least
  }

  #leastOf(names: Iterable<string>): string | undefined {
    let least: string | undefined
    let leastMs = Number.POSITIVE_INFINITY
    for (const name of names) {
      const usedMs = this.#usedMs.get(name) ?? 0
      if (usedMs >= leastMs) continue
      least = name
      leastMs = usedMs
    }
    return least
  }

  /** One that had nothing to do has something now: it goes on where the others are. */
  enter(name: string): void {
    this.#usedMs.set(name, Math.max(this.#virtualMs, this.#usedMs.get(name) ?? 0))
  }

  /** The turn of one begins. */
  begin(name: string): void {
    this.#virtualMs = this.#usedMs.get(name) ?? this.#virtualMs
  }

  /** Charges one with the time that its turn has taken, or gives back what it didn't take. */
  charge(name: string, ms: number): void {
    this.#usedMs.set(name, (this.#usedMs.get(name) ?? this.#virtualMs) + ms)
  }
}
