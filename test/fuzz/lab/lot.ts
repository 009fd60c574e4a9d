import { seeded } from '../../../src/runtime/random.ts'

/** Draws by lot: the same for the same seed. */
export class Lot {
  readonly #next: () => number

  /** The lot of one input: what is drawn for it depends on no other input. */
  constructor(seed: number, target: string, number: number) {
    this.#next = seeded(hashOf(`${seed} ${target} ${number}`)).next
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.#next() * bound)
  }

  /** An integer in [0, bound) that is more often small than large. */
  small(bound: number): number {
    return Math.floor(this.#next() ** 3 * bound)
  }

  happens(probability: number): boolean {
    return this.#next() < probability
  }

  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    return items[this.below(items.length)] as T
  }
}

/** FNV-1a (Fowler, Noll, Vo), 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
