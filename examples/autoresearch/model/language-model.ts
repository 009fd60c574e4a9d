import type { Config } from '../config.ts'
import { Calibration } from './calibration.ts'
import { ContextTable } from './context-table.ts'
import { type Context, contextsOf } from './contexts.ts'
import { bitCost, ONE, squash } from './logistic.ts'
import { MatchModel } from './match.ts'
import { Mixer } from './mixer.ts'
import { Sse } from './sse.ts'

const MATCH_GRADES = 4

/**
 * The number of mixer inputs, which is the cost of learning a byte: one for each counter table, and
 * one for the match model.
 */
export function inputsOf(config: Config): number {
  return contextsOf(config).length * config.memory.length + (config.match > 0 ? 1 : 0)
}

/**
 * An adaptive byte-level language model by context mixing, after PAQ and lpaq. Each context
 * predicts the next bit, a mixer weighs the predictions, and all learn from the actual bit. The
 * same bytes give the same costs.
 */
export class LanguageModel {
  readonly #config: Config
  readonly #history: Uint8Array
  readonly #contexts: readonly Context[]
  readonly #tables: readonly ContextTable[]
  readonly #match: MatchModel | undefined
  readonly #mixer: Mixer
  readonly #sse: Sse | undefined
  #position = 0
  #partial = 1
  #bitsSeen = 0
  #p = ONE / 2

  /** `capacity`: the most bytes it will ever learn. */
  constructor(config: Config, capacity: number) {
    this.#config = config
    this.#history = new Uint8Array(capacity)
    this.#contexts = contextsOf(config)
    this.#tables = tablesOf(config, this.#contexts.length)
    this.#match = config.match > 0 ? new MatchModel(this.#history, config.match) : undefined
    const sets = { none: 1, bits: 256, byte: 256, depth: (this.#tables.length + 1) * MATCH_GRADES }[
      config.mixerSelect
    ]
    this.#mixer = new Mixer(inputsOf(config), {
      sets,
      rate: config.mixerRate,
      initial: config.initialWeight,
    })
    this.#sse = config.sse === 'off' ? undefined : new Sse(config.sse === 'bits' ? 256 : 65_536)
    this.#startByte()
    this.#predict()
  }

  /** The probability that the next bit is a one, out of 65,536; never 0 or 1. */
  get p(): number {
    return this.#p
  }

  /**
   * Learns the next byte, most significant bit first. Returns the cost of coding it (`bitCost`).
   */
  learn(byte: number): number {
    let cost = 0
    for (let shift = 7; shift >= 0; shift--) {
      const bit = (byte >>> shift) & 1
      cost += bitCost(this.#p, bit)
      this.#update(bit)
      if (shift === 0) this.#endByte(byte)
      this.#predict()
    }
    return cost
  }

  #predict(): void {
    const { inputs } = this.#mixer
    let seen = 0
    for (let i = 0; i < this.#tables.length; i++) {
      const table = this.#tables[i] as ContextTable
      inputs[i] = table.predict(this.#partial)
      if (table.count > 0) seen += 1
    }
    if (this.#match)
      inputs[this.#tables.length] = this.#match.predict(this.#partial, this.#bitsSeen)
    const logit = this.#mixer.mix(this.#weightSet(seen))
    this.#p = this.#sse ? this.#sse.refine(this.#sseContext(), logit) : squash(logit)
  }

  #update(bit: number): void {
    for (const table of this.#tables) table.update(bit)
    this.#match?.update(bit)
    this.#mixer.update(bit)
    this.#sse?.update(bit)
    this.#partial = (this.#partial << 1) | bit
    this.#bitsSeen += 1
  }

  #endByte(byte: number): void {
    this.#history[this.#position] = byte
    this.#position += 1
    this.#partial = 1
    this.#bitsSeen = 0
    this.#match?.advance(this.#position)
    this.#startByte()
  }

  #startByte(): void {
    const memories = this.#config.memory.length
    this.#contexts.forEach((context, i) => {
      const hash = context(this.#history, this.#position)
      for (let m = 0; m < memories; m++) this.#tables[i * memories + m]?.select(hash)
    })
  }

  /** Chooses the set of weights. `seen`: how many tables know this context. */
  #weightSet(seen: number): number {
    switch (this.#config.mixerSelect) {
      case 'none':
        return 0
      case 'bits':
        return this.#partial
      case 'byte':
        return this.#lastByte()
      case 'depth':
        return seen * MATCH_GRADES + (this.#match?.grade ?? 0)
    }
  }

  #sseContext(): number {
    return this.#config.sse === 'bits' ? this.#partial : (this.#lastByte() << 8) | this.#partial
  }

  #lastByte(): number {
    return this.#position === 0 ? 0 : (this.#history[this.#position - 1] as number)
  }
}

/** A table for each context and memory; those of one context are side by side. */
function tablesOf(config: Config, contexts: number): ContextTable[] {
  return Array.from({ length: contexts }, () =>
    config.memory.map((limit) => {
      const calibration = config.calibrate ? new Calibration() : undefined
      return new ContextTable({ bits: config.tableBits, limit, calibration })
    }),
  ).flat()
}
