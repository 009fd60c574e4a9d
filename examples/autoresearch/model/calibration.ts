import { ONE, stretch } from './logistic.ts'

const COUNTS = 16
const LEVELS = 64
const RATE_SHIFT = 6

/**
 * What a counter's prediction is worth: how often a one really came, for each count (capped) and
 * each of 64 levels of probability. A table of long contexts is reliable after one sighting, a
 * table of short ones is not.
 */
export class Calibration {
  readonly #table = Uint16Array.from(
    { length: COUNTS * LEVELS },
    (_, i) => (((i % LEVELS) + 0.5) * ONE) / LEVELS,
  )
  #at = 0

  /** The stretched probability of a one when a counter says `p` after `count` sightings. */
  refine(count: number, p: number): number {
    this.#at = Math.min(count, COUNTS - 1) * LEVELS + Math.floor((p * LEVELS) / ONE)
    return stretch(this.#table[this.#at] as number)
  }

  /** Moves the entry last used towards `bit`. */
  update(bit: number): void {
    const p = this.#table[this.#at] as number
    const target = bit === 1 ? ONE - 1 : 0
    this.#table[this.#at] = p + ((target - p) >> RATE_SHIFT)
  }
}
