/**
 * A least time between two starts: the first is immediate, and what follows soon shares the next.
 */
export class Throttle {
  readonly #ms: number
  #begunAt = Number.NEGATIVE_INFINITY

  constructor(ms: number) {
    this.#ms = ms
  }

  /** Notes that it begins. `now` is Unix ms. */
  start(now: number): void {
    this.#begunAt = now
  }

  /** Ms until it may begin again; never more than the gap, also where the clock was set back. */
  delayMs(now: number): number {
    return Math.min(this.#ms, Math.max(0, this.#begunAt + this.#ms - now))
  }
}
