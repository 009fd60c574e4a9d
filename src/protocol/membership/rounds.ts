import type { Random } from '../../core/random.ts'

/** The first wait without an answer. It doubles each time, up to the gossip interval. */
const LONELY_WAIT_MS = 250
const JITTER = 0.2

/** When rounds begin: every interval ± 20 %, and sooner while none of the peers answers. */
export class Rounds {
  readonly #intervalMs: number
  readonly #random: Random
  #begun = 0
  /** Rounds in a row without an answer. */
  #lonely = 0
  /** Answers in this round. */
  #answers = 0
  #nextAt = Number.POSITIVE_INFINITY

  constructor(intervalMs: number, random: Random) {
    this.#intervalMs = intervalMs
    this.#random = random
  }

  /** Whether the first round has begun. Before it a grove only listens. */
  get haveBegun(): boolean {
    return this.#begun > 0
  }

  /** Whether the last round went without an answer, and no peer is known to answer. */
  get isLonely(): boolean {
    return this.#lonely > 0
  }

  /**
   * When the next round begins (Unix ms). Infinite before the first, which begins with the first
   * tick.
   */
  get nextAt(): number {
    return this.#nextAt
  }

  isDue(now: number): boolean {
    return !this.haveBegun || this.#nextAt <= now
  }

  noteAnswer(): void {
    this.#answers += 1
  }

  /** A round begins. `noneAnswers`: there are peers to call, and none is known to answer. */
  begin(now: number, noneAnswers: boolean): void {
    this.#begun += 1
    this.#lonely = noneAnswers && this.#answers === 0 ? this.#lonely + 1 : 0
    this.#answers = 0
    this.#nextAt = now + this.#waitMs()
  }

  /** The clock was set back: the next round begins no later for it. */
  shiftClock(byMs: number): void {
    this.#nextAt -= byMs
  }

  #waitMs(): number {
    const doubled = LONELY_WAIT_MS * 2 ** Math.min(this.#lonely - 1, 20)
    const mean = this.#lonely === 0 ? this.#intervalMs : Math.min(this.#intervalMs, doubled)
    return Math.round(mean * (1 - JITTER + 2 * JITTER * this.#random.next()))
  }
}
