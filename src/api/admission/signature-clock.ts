import type { Clock } from '../../ports/clock.ts'

/** Seconds for which a signature is taken after it was made. */
export const SIGNATURE_KEPT_S = 60
/**
 * Seconds by which the clock of a caller may be ahead. What was signed ahead is not taken for as
 * long after a start.
 */
const AHEAD_MAX_S = 3

/**
 * The clock by which signatures are judged. It never goes back, so that none is taken again after
 * it was forgotten, and takes none that may have been taken before this grove started.
 */
export class SignatureClock {
  readonly #clock: Pick<Clock, 'now'>
  readonly #sinceS: number
  #last: number
  /** By how much the system's clock has been set back since the start. */
  #setBackMs = 0

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#last = clock.now()
    this.#sinceS = Math.floor(this.#last / 1_000) + AHEAD_MAX_S + 1
  }

  /** Unix ms. */
  now(): number {
    const now = this.#clock.now()
    this.#setBackMs += Math.max(0, this.#last - now)
    this.#last = now
    return now + this.#setBackMs
  }

  /** Unix seconds. */
  nowS(): number {
    return Math.floor(this.now() / 1_000)
  }

  /** The moment, in Unix ms, at which a signature made now would be taken. */
  challengeMs(): number {
    return Math.max(this.now(), this.#sinceS * 1_000)
  }

  /** Whether a signature that was made then (Unix seconds) is taken now. */
  takes(createdS: number): boolean {
    return createdS >= this.#sinceS && this.isNear(createdS)
  }

  /** Whether the clock of a caller that signed then is near enough. */
  isNear(createdS: number): boolean {
    const nowS = this.nowS()
    // Just after a start, a challenge names a moment that is one second further ahead.
    const latestS = Math.max(nowS + AHEAD_MAX_S, this.#sinceS)
    return createdS >= nowS - SIGNATURE_KEPT_S && createdS <= latestS
  }
}
