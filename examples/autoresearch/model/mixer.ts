import { NAT, ONE, squash } from './logistic.ts'

/**
 * `sets`: the number of weight sets. `rate`: the step of the descent per nat of error. `initial`:
 * every weight at the start.
 */
export interface MixerOptions {
  readonly sets: number
  readonly rate: number
  readonly initial: number
}

/**
 * A gated logistic mixer. It weighs stretched predictions by a set of weights that a small context
 * selects, and learns the weights online, by gradient descent on coding cost. Mahoney, "Adaptive
 * Weighing of Context Models for Lossless Data Compression" (2005), §3.
 */
export class Mixer {
  /** The stretched predictions, which the model writes before it calls `mix`. */
  readonly inputs: Float64Array
  readonly #weights: Float64Array
  readonly #rate: number
  #base = 0
  #p = ONE / 2

  constructor(inputs: number, { sets, rate, initial }: MixerOptions) {
    this.inputs = new Float64Array(inputs)
    this.#weights = new Float64Array(inputs * sets).fill(initial)
    this.#rate = rate / (ONE * NAT)
  }

  /** The logit of the prediction mixed by this set of weights. */
  mix(set: number): number {
    const { inputs } = this
    this.#base = set * inputs.length
    let logit = 0
    for (let i = 0; i < inputs.length; i++)
      logit += (inputs[i] as number) * (this.#weights[this.#base + i] as number)
    this.#p = squash(logit)
    return logit
  }

  /** Moves the weights of the last `mix` against its error on `bit`. */
  update(bit: number): void {
    const { inputs } = this
    const step = (bit * ONE - this.#p) * this.#rate
    for (let i = 0; i < inputs.length; i++) {
      const at = this.#base + i
      this.#weights[at] = (this.#weights[at] as number) + (inputs[i] as number) * step
    }
  }
}
