import { BoundedMap } from '../bounded.ts'

/** How long others rest after a piece of work, as a multiple of it, and at most, in ms. */
const YIELD_FACTOR = 4
const YIELD_MAX_MS = 2_000
/** Who has worked within this time, in ms, is likely to come again. */
const ACTIVE_MS = 250
/** After this time, in ms, what was used counts for half. */
const HALF_LIFE_MS = 1_000
/** Those who go first have their part when they have used so many times another's time. */
const AMPLE_FACTOR = 4
/** Who uses less than this share of another's time needs no part of it. */
const SLIGHT_SHARE = 1 / 8
/** Names whose use is remembered. */
const NAMES_MAX = 4_096

interface Worked {
  /** As of `at`. */
  readonly ms: number
  readonly at: number
  readonly restsUntil: number
}

/**
 * Some go before all others: whoever is on this machine. While they are busy, each of the others
 * rests four times as long as it has worked, on whatever thread, so that it has a fifth of one
 * processor at most. Nobody rests for those who use little, nor once they have used four times as
 * much.
 */
export class Precedence {
  readonly #now: () => number
  readonly #first = new Set<string>()
  /** The latest last. */
  readonly #uses = new BoundedMap<string, Worked>(NAMES_MAX)
  readonly #firstUses = new Map<string, Worked>()

  /** `now`: Unix ms. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** From now on these go first. */
  prefer(names: Iterable<string>): void {
    for (const name of names) this.#first.add(name)
  }

  /** A piece of one's work has ended, which took so long on its thread. */
  note(name: string, ms: number): void {
    const at = this.#now()
    const uses = this.#first.has(name) ? this.#firstUses : this.#uses
    const before = uses.get(name)
    const from = Math.max(at, restsUntil(before, at))
    const until = Math.min(at + YIELD_MAX_MS, from + YIELD_FACTOR * ms)
    uses.set(name, { ms: ms + usedOf(before, at), at, restsUntil: until })
  }

  /** One rests; when that may be over (Unix ms). Undefined where it doesn't. */
  endOf(name: string): number | undefined {
    if (this.#firstUses.size === 0 || this.#first.has(name)) return undefined
    const now = this.#now()
    const use = this.#uses.get(name)
    const until = restsUntil(use, now)
    if (until <= now) return undefined
    const used = usedOf(use, now)
    const firsts = this.#usedByFirst(now)
    if (firsts < SLIGHT_SHARE * used || firsts >= AMPLE_FACTOR * used) return undefined
    return Math.min(until, now + ACTIVE_MS)
  }

  /** What those who go first have used and are still using. */
  #usedByFirst(now: number): number {
    let sum = 0
    for (const use of this.#firstUses.values())
      if (now - use.at <= ACTIVE_MS) sum += usedOf(use, now)
    return sum
  }
}

function restsUntil(use: Worked | undefined, now: number): number {
  // Longer than that it can be only where the clock was set back.
  const isOver = use === undefined || use.restsUntil > now + YIELD_MAX_MS
  return isOver ? Number.NEGATIVE_INFINITY : use.restsUntil
}

const usedOf = (use: Worked | undefined, now: number): number =>
  use === undefined ? 0 : use.ms * 0.5 ** (Math.max(0, now - use.at) / HALF_LIFE_MS)
