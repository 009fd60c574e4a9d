/** The least time spent waiting over which a rate is measured. */
const PACE_WINDOW_MS = 5_000

/**
 * How fast somebody sends. Only the time spent waiting for the sender counts, not the time that the
 * reader takes. All moments are Unix ms.
 */
export class Pace {
  #askedAt: number | undefined
  #waitedMs = 0
  #windowMs = 0
  #windowBytes = 0
  #rate: number | undefined

  /** The reader waits for more from now on. */
  asks(now: number): void {
    this.#askedAt = now
  }

  /** So many bytes have come, and the reader is busy with them. */
  moved(bytes: number, now: number): void {
    const waitedMs = this.#waitingMs(now)
    this.#askedAt = undefined
    this.#waitedMs += waitedMs
    this.#windowMs += waitedMs
    this.#windowBytes += bytes
    if (this.#windowMs < PACE_WINDOW_MS) return
    this.#rate = (this.#windowBytes * 1_000) / this.#windowMs
    this.#windowMs = 0
    this.#windowBytes = 0
  }

  /** Bytes a second over the latest window; undefined before the first is full. */
  rate(now: number): number | undefined {
    const windowMs = this.#windowMs + this.#waitingMs(now)
    return windowMs < PACE_WINDOW_MS ? this.#rate : (this.#windowBytes * 1_000) / windowMs
  }

  /** All the time spent waiting. */
  waitedMs(now: number): number {
    return this.#waitedMs + this.#waitingMs(now)
  }

  #waitingMs(now: number): number {
    return this.#askedAt === undefined ? 0 : Math.max(0, now - this.#askedAt)
  }
}
