import { BoundedMap } from '../bounded.ts'

/** How long one rests after a long piece, as a multiple of it, and at most, in ms. */
const REST_FACTOR = 3
const REST_MAX_MS = 300
/** Who has worked within this time, in ms, is likely to come again. */
const ACTIVE_MS = 250
/** After this time, in ms, what was used counts for half. */
const HALF_LIFE_MS = 1_000
/** Who has used less than this share of another's time is lighter. */
const LIGHTER_SHARE = 1 / 2
/** The part that the latest piece has in what one's usually take. */
const LATEST_SHARE = 1 / 8
/** Names whose use is remembered. */
const NAMES_MAX = 4_096

interface RestsOptions {
  /** Unix ms. */
  readonly now: () => number
  /**
   * A piece of work that takes so long is long, if one's usually take half of that: a short one
   * takes as long at times, where other programs have the processor.
   */
  readonly longMs: number
  /** Who never has to rest. */
  readonly never: ReadonlySet<string>
}

interface Usage {
  /** As of `at`. */
  readonly ms: number
  /** What a piece usually takes. */
  readonly pieceMs: number
  readonly at: number
  readonly restsUntil: number
}

/**
 * Who has to rest on a thread that several share. A piece of work can't be interrupted, and who
 * asks for one thing after another has nothing waiting at the moment when a long piece of another
 * begins, so that it would wait for one each time (deceptive idleness: Iyer and Druschel, SOSP
 * '01). So after a long piece one rests for a multiple of it, while somebody is active who has used
 * much less. Equals don't rest for each other, and who is alone never does.
 */
export class Rests {
  readonly #now: () => number
  readonly #longMs: number
  readonly #never: ReadonlySet<string>
  /** The latest last. */
  readonly #uses = new BoundedMap<string, Usage>(NAMES_MAX)

  constructor({ now, longMs, never }: RestsOptions) {
    this.#now = now
    this.#longMs = longMs
    this.#never = never
  }

  /** A piece of one's work has ended, which took this long. */
  note(name: string, ms: number): void {
    const at = this.#now()
    const before = this.#uses.get(name)
    const usualMs = before?.pieceMs ?? ms
    const pieceMs = usualMs + LATEST_SHARE * (ms - usualMs)
    const isLong = ms >= this.#longMs && pieceMs >= this.#longMs / 2
    const restMs = isLong ? Math.min(REST_MAX_MS, REST_FACTOR * ms) : 0
    const restsUntil = Math.max(at + restMs, before?.restsUntil ?? 0)
    this.#uses.set(name, { ms: ms + usedOf(before, at), pieceMs, at, restsUntil })
  }

  /** Until when one rests (Unix ms); undefined where it doesn't. */
  endOf(name: string): number | undefined {
    const now = this.#now()
    const use = this.#uses.get(name)
    if (use === undefined || this.#never.has(name)) return undefined
    // Longer than that it can be only where the clock was set back.
    if (use.restsUntil <= now || use.restsUntil > now + REST_MAX_MS) return undefined
    const lighter = LIGHTER_SHARE * usedOf(use, now)
    const isLighter = ([other, theirs]: [string, Usage]) =>
      other !== name && now - theirs.at <= ACTIVE_MS && usedOf(theirs, now) < lighter
    return this.#uses.entries().some(isLighter) ? use.restsUntil : undefined
  }
}

const usedOf = (use: Usage | undefined, now: number): number =>
  use === undefined ? 0 : use.ms * 0.5 ** (Math.max(0, now - use.at) / HALF_LIFE_MS)
