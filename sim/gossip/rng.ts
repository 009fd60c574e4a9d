import type { Random } from '../../src/core/random.ts'

/** Mulberry32: a small generator that gives the same numbers for the same seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let t = Math.imul(state ^ (state >>> 15), state | 1)
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
    },
  }
}

/**
 * A generator for a part of the simulation: what one part draws changes no other.
 */
export function offspring(random: Random): Random {
  return seeded(Math.floor(random.next() * 2 ** 32))
}
