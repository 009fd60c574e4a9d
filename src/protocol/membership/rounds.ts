import type { Random } from '../../core/random.ts'

/** The first wait of a grove that nobody answers; doubled each time, up to the gossip interval. */
const LONELY_WAIT_MS = 250
const JITTER = 0.2

/** When rounds begin: each interval ± 20 %, and sooner while nobody answers and there is somebody to call. */
export class Rounds {
  readonly #intervalMs: number
  readonly #random: Random
  #begun = 0
  /** Rounds in a row that nobody answered. */
  #lonely = 0
  /** Answers in this round. */
  #answers = 0
  #nextAt = Number.POSITIVE_INFINITY

  constructor(intervalMs: number, random: Random) {
    this.#intervalMs = intervalMs
    this.#random = random
  }

  /** Whether a first round has begun; before that a grove only listens. */
  get haveBegun(): boolean {
    return this.#begun > 0
  }

  /** Whether this round calls for help: nobody has answered lately, and nobody is known to. */
  get isLonely(): boolean {
    return this.#lonely > 0
  }

  /** When the next round begins (Unix ms). Infinite before the first, which begins with the first tick. */
  get nextAt(): number {
    return this.#nextAt
  }

  isDue(now: number): boolean {
    return !this.haveBegun || this.#nextAt <= now
  }

  noteAnswer(): void {
    this.#answers += 1
  }

  /** A round begins. `nobodyAnswers`: there is somebody to call, and nobody is known to answer. */
  begin(now: number, nobodyAnswers: boolean): void {
    this.#begun += 1
    this.#lonely = nobodyAnswers && this.#answers === 0 ? this.#lonely + 1 : 0
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
