import { fold } from './contexts.ts'
import { ONE, stretch } from './logistic.ts'

const TABLE_BITS = 16
const LONGEST = 31
const RATE_SHIFT = 6

/**
 * Finds where the latest `minimum` bytes last occurred, and predicts that what followed there
 * follows again. Its reliability is learned for each length of a match. Mahoney, lpaq1, class
 * MatchModel.
 */
export class MatchModel {
  readonly #history: Uint8Array
  readonly #minimum: number
  readonly #lastSeen = new Int32Array(2 ** TABLE_BITS)
  readonly #trust = new Uint16Array(LONGEST + 1).fill(ONE / 2)
  #pointer = 0
  #length = 0
  #expected: 0 | 1 | undefined

  /** `history` holds all bytes so far. The language model owns and writes it. */
  constructor(history: Uint8Array, minimum: number) {
    this.#history = history
    this.#minimum = minimum
  }

  /**
   * The length of the match, for choosing mixer weights: 0 none, 1 under 16 bytes, 2 under 31, 3
   * longer.
   */
  get grade(): number {
    if (this.#length === 0) return 0
    return this.#length < 16 ? 1 : this.#length < LONGEST ? 2 : 3
  }

  /** Extends the match by the byte that ends at `position`, or looks for another match. */
  advance(position: number): void {
    if (this.#length > 0 && this.#history[this.#pointer] === this.#history[position - 1]) {
      this.#pointer += 1
      this.#length = Math.min(this.#length + 1, LONGEST)
    } else this.#length = 0
    if (position < this.#minimum) return
    const slot = this.#slot(position)
    if (this.#length === 0) this.#find(this.#lastSeen[slot] as number, position)
    this.#lastSeen[slot] = position
  }

  /**
   * The stretched prediction after `bitsSeen` bits of this byte (`partial`); 0 once the byte
   * differs.
   */
  predict(partial: number, bitsSeen: number): number {
    this.#expected = undefined
    if (this.#length === 0) return 0
    const byte = (this.#history[this.#pointer] as number) | 256
    if (byte >>> (8 - bitsSeen) !== partial) {
      this.#length = 0
      return 0
    }
    this.#expected = ((byte >>> (7 - bitsSeen)) & 1) as 0 | 1
    const trust = stretch(this.#trust[this.#length] as number)
    return this.#expected === 1 ? trust : -trust
  }

  /** Learns whether the bit was as expected. */
  update(bit: number): void {
    if (this.#expected === undefined) return
    const trust = this.#trust[this.#length] as number
    const target = this.#expected === bit ? ONE - 1 : 0
    this.#trust[this.#length] = trust + ((target - trust) >> RATE_SHIFT)
  }

  #slot(position: number): number {
    let hash = 0
    for (let at = position - this.#minimum; at < position; at++)
      hash = fold(hash, this.#history[at] as number)
    return Math.imul(hash, 0x9e3779b1) >>> (32 - TABLE_BITS)
  }

  #find(candidate: number, position: number): void {
    const history = this.#history
    let length = 0
    while (
      length < LONGEST &&
      length < candidate &&
      history[candidate - 1 - length] === history[position - 1 - length]
    ) {
      length += 1
    }
    if (length < this.#minimum) return
    this.#pointer = candidate
    this.#length = length
  }
}
