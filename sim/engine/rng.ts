import { below, type Random, sample } from '../../src/core/random.ts'
import { seeded } from '../../src/runtime/random.ts'

/**
 * The randomness of a run, from one integer. Each use takes a fork with a name of its own, so that
 * one more draw in one place shifts no draw elsewhere.
 */
export class Rng implements Random {
  readonly #seed: number
  readonly #random: Random

  constructor(seed: number) {
    this.#seed = seed
    this.#random = seeded(seed)
  }

  /** A generator of its own. The same name gives the same numbers. */
  fork(name: string): Rng {
    return new Rng(hashOf(`${this.#seed} ${name}`))
  }

  next(): number {
    return this.#random.next()
  }

  /** True with this probability. Draws nothing if it is 0. */
  happens(probability: number): boolean {
    return probability > 0 && this.#random.next() < probability
  }

  /** A number in [least, most). */
  between([least, most]: readonly [number, number]): number {
    return least === most ? least : least + (most - least) * this.#random.next()
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return below(this.#random, bound)
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)]
  }

  sample<T>(items: readonly T[], count: number): T[] {
    return sample(this.#random, items, count)
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += 4) {
      const word = Math.floor(this.#random.next() * 2 ** 32)
      for (let byte = 0; byte < 4 && at + byte < length; byte++)
        bytes[at + byte] = word >>> (8 * byte)
    }
    return bytes
  }

  /** A cid that no contribution will ever have. */
  cid(): string {
    return `blake3:${Buffer.from(this.bytes(32)).toString('hex')}`
  }
}

/** FNV-1a (Fowler, Noll, Vo), 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
