import { NAT, ONE, squash } from './logistic.ts'

const BUCKETS = 33
const SPAN = 8 * NAT
const STEP = (2 * SPAN) / (BUCKETS - 1)
const RATE_SHIFT = 6

/**
 * Secondary symbol estimation: for each small context, a table from the mixer's prediction to the
 * actual frequency of a one. Interpolates between the two nearest of 33 buckets. Mahoney, lpaq1,
 * class APM.
 */
export class Sse {
  readonly #table: Uint16Array
  #nearest = 0

  constructor(contexts: number) {
    this.#table = Uint16Array.from({ length: contexts * BUCKETS }, (_, i) =>
      squash((i % BUCKETS) * STEP - SPAN),
    )
  }

  /**
   * The probability of a one: the mean of the mixer's prediction (`logit`) and the actual
   * frequency.
   */
  refine(context: number, logit: number): number {
    const place = (Math.min(SPAN - 1, Math.max(-SPAN, logit)) + SPAN) / STEP
    const low = Math.floor(place)
    const fraction = place - low
    const at = context * BUCKETS + low
    this.#nearest = fraction < 0.5 ? at : at + 1
    const seen =
      (this.#table[at] as number) * (1 - fraction) + (this.#table[at + 1] as number) * fraction
    return Math.min(ONE - 1, Math.max(1, Math.round((squash(logit) + seen) / 2)))
  }

  /** Moves the bucket nearest to the last prediction towards `bit`. */
  update(bit: number): void {
    const p = this.#table[this.#nearest] as number
    const target = bit === 1 ? ONE - 1 : 0
    this.#table[this.#nearest] = p + ((target - p) >> RATE_SHIFT)
  }
}
