import { BoundedMap } from '../bounded.ts'

/** How long others rest after a piece of work, as a multiple of it, and at most, in ms. */
const YIELD_FACTOR = 4
const YIELD_MAX_MS = 2_000
/** Who has worked within this time, in ms, is likely to come again. */
const ACTIVE_MS = 250
/** After this time, in ms, what was used counts for half. */
const HALF_LIFE_MS = 1_000
/**
 * Those who go first have their part when they have used so many times another's time. They keep
 * two threads busy at once: with four times, others soon had a quarter of either.
 */
const AMPLE_FACTOR = 8
/** Who works and waits for less than this share of another's time needs no part of it. */
const SLIGHT_SHARE = 1 / 8
/** Names whose use is remembered. */
const NAMES_MAX = 4_096

interface Used {
  /** As of `at`. */
  readonly ms: number
  readonly at: number
}

interface Worked extends Used {
  readonly restsUntil: number
}

/**
 * Some go before all others: whoever is on this machine. While they are busy, each of the others
 * rests four times as long as it has worked, on whatever thread, so that it has a fifth of one
 * processor at most. Nobody rests for those who want little, nor once they have used eight times as
 * much. What they want is the time in which they work or wait: whoever is kept waiting uses little.
 */
export class Precedence {
  readonly #now: () => number
  readonly #first = new Set<string>()
  /** The latest last. */
  readonly #uses = new BoundedMap<string, Worked>(NAMES_MAX)
  readonly #firstUses = new Map<string, Worked>()
  /** When any of those who go first worked or waited. */
  #wanted: Used = { ms: 0, at: Number.NEGATIVE_INFINITY }

  /** `now`: Unix ms. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** From now on these go first. */
  prefer(names: Iterable<string>): void {
    for (const name of names) this.#first.add(name)
  }

  /**
   * A piece of one's work has ended, which took so long on its thread. `since`: when it was asked
   * for (Unix ms). Default: it didn't wait.
   */
  note(name: string, ms: number, since?: number): void {
    const at = this.#now()
    const isFirst = this.#first.has(name)
    if (isFirst) this.#noteWanted(at, Math.min(since ?? at, at - ms))
    const uses = isFirst ? this.#firstUses : this.#uses
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
    if (firsts === 0 || firsts >= AMPLE_FACTOR * used) return undefined
    const wanted = Math.max(firsts, usedOf(this.#wanted, now))
    return wanted < SLIGHT_SHARE * used ? undefined : Math.min(until, now + ACTIVE_MS)
  }

  /** Several may wait at once: the time counts once. */
  #noteWanted(at: number, since: number): void {
    const from = Math.max(since, this.#wanted.at, at - YIELD_MAX_MS)
    this.#wanted = { ms: usedOf(this.#wanted, at) + Math.max(0, at - from), at }
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

const usedOf = (use: Used | undefined, now: number): number =>
  use === undefined ? 0 : use.ms * 0.5 ** (Math.max(0, now - use.at) / HALF_LIFE_MS)
