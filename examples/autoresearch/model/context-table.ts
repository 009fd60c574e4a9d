import type { Calibration } from './calibration.ts'
import { ONE, stretch } from './logistic.ts'

/** The longest memory of a counter, in sightings; it takes seven bits of a slot. */
export const MAX_COUNT = 127

const P_SHIFT = 14
const P_ONE = 2 ** 18
const COUNT_SHIFT = 7
const CHECK_MASK = 127

// After n sightings a counter moves by 1 / (n + 1.5) towards the outcome, in 1/65,536 (lpaq1,
// StateMap).
const steps = Int32Array.from({ length: MAX_COUNT + 1 }, (_, n) => Math.round(ONE / (n + 1.5)))

/**
 * `bits`: the table has 2^bits slots. `limit`: after this many sightings a counter no longer slows
 * down.
 */
export interface ContextTableOptions {
  readonly bits: number
  readonly limit: number
  readonly calibration?: Calibration | undefined
}

/**
 * Bit predictions for one kind of context, hashed into slots of 18 bits probability, 7 bits count
 * and 7 bits check. A slot whose check differs belongs to another context: it reads as unseen, and
 * an update overwrites it, so a small table forgets.
 */
export class ContextTable {
  readonly #slots: Uint32Array
  readonly #shift: number
  readonly #limit: number
  readonly #calibration: Calibration | undefined
  #context = 0
  #index = 0
  #check = 0
  #p = P_ONE / 2
  #count = 0

  constructor({ bits, limit, calibration }: ContextTableOptions) {
    this.#slots = new Uint32Array(2 ** bits)
    this.#shift = 32 - bits
    this.#limit = limit
    this.#calibration = calibration
  }

  /** Sets the context of the next byte. */
  select(context: number): void {
    this.#context = context
  }

  /** The sightings behind the last prediction; 0 for a new context. */
  get count(): number {
    return this.#count
  }

  /**
   * The stretched prediction of the next bit. `partial`: the bits of this byte so far, after a
   * leading one.
   */
  predict(partial: number): number {
    this.#locate(partial)
    const slot = this.#slots[this.#index] as number
    const known = (slot & CHECK_MASK) === this.#check
    this.#count = known ? (slot >>> COUNT_SHIFT) & MAX_COUNT : 0
    this.#p = this.#count === 0 ? P_ONE / 2 : slot >>> P_SHIFT
    const p = this.#p >>> 2
    if (this.#calibration) return this.#calibration.refine(this.#count, p)
    return this.#count === 0 ? 0 : stretch(p)
  }

  /** Moves the counter that made the prediction towards `bit`. */
  update(bit: number): void {
    const target = bit === 1 ? P_ONE - 1 : 0
    const p = this.#p + Math.trunc(((target - this.#p) * (steps[this.#count] as number)) / ONE)
    const count = Math.min(this.#count + 1, this.#limit)
    this.#slots[this.#index] = (p << P_SHIFT) | (count << COUNT_SHIFT) | this.#check
    this.#calibration?.update(bit)
  }

  #locate(partial: number): void {
    let hash = Math.imul(this.#context + Math.imul(partial, 0x9e3779b1), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35)
    hash ^= hash >>> 13
    this.#index = hash >>> this.#shift
    this.#check = hash & CHECK_MASK
  }
}
