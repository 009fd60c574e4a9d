/**
 * Keeps a least time between two starts. The first start is immediate, and the requests that come
 * soon after it share the next one.
 */
export class Throttle {
  readonly #intervalMs: number
  #startedAt = Number.NEGATIVE_INFINITY

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  /** Notes a start. `now` is Unix ms. */
  start(now: number): void {
    this.#startedAt = now
  }

  /** Ms until the next start: at most the interval, also if the clock was set back. */
  delayMs(now: number): number {
    return Math.min(this.#intervalMs, Math.max(0, this.#startedAt + this.#intervalMs - now))
  }
}
