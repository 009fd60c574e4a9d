import { NAT, ONE, squash } from './logistic.ts'

/** `rate`: step of the descent per nat of error; `initial`: every weight at the start; `sets`: sets of weights. */
export interface MixerOptions {
  readonly sets: number
  readonly rate: number
  readonly initial: number
}

/**
 * A gated logistic mixer: the inputs' stretched predictions, weighed by one set of weights that a small context
 * selects, and learned online by gradient descent on coding cost. Mahoney, "Adaptive Weighing of Context Models for
 * Lossless Data Compression" (2005), §3.
 */
export class Mixer {
  /** Stretched predictions, one an input; the model writes them before `mix`. */
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

  /** The logit of the mixed prediction by weight set `set`. */
  mix(set: number): number {
    const { inputs } = this
    this.#base = set * inputs.length
    let logit = 0
    for (let i = 0; i < inputs.length; i++)
      logit += (inputs[i] as number) * (this.#weights[this.#base + i] as number)
    this.#p = squash(logit)
    return logit
  }

  /** Steps the weights used in the last `mix` against the error it made on `bit`. */
  update(bit: number): void {
    const { inputs } = this
    const step = (bit * ONE - this.#p) * this.#rate
    for (let i = 0; i < inputs.length; i++) {
      const at = this.#base + i
      this.#weights[at] = (this.#weights[at] as number) + (inputs[i] as number) * step
    }
  }
}
