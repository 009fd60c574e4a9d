import type { Random } from '../core/random.ts'

/** The system's random numbers. Not for secrets. */
export const systemRandom: Random = { next: () => Math.random() }

/**
 * A generator with the same numbers for the same seed on every machine: xoshiro128** (Blackman and
 * Vigna, "Scrambled Linear Pseudorandom Number Generators", 2018). SplitMix32 fills its state, as
 * the authors advise. Each number has 32 random bits.
 */
export function seeded(seed: number): Random {
  const mix = splitMix32(seed)
  const state = new Uint32Array([mix(), mix(), mix(), mix()])
  return { next: () => nextWord(state) / 2 ** 32 }
}

function nextWord(state: Uint32Array): number {
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state
  const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0
  const t2 = s2 ^ s0
  const t3 = s3 ^ s1
  state[0] = s0 ^ t3
  state[1] = s1 ^ t2
  state[2] = t2 ^ (s1 << 9)
  state[3] = rotateLeft(t3, 11)
  return result
}

/**
 * MurmurHash3's finaliser over a Weyl sequence (Steele, Lea and Flood, "Fast Splittable
 * Pseudorandom Number Generators", 2014).
 */
function splitMix32(seed: number): () => number {
  let weyl = seed | 0
  return () => {
    weyl = (weyl + 0x9e3779b9) | 0
    let word = Math.imul(weyl ^ (weyl >>> 16), 0x85ebca6b)
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
    return (word ^ (word >>> 16)) >>> 0
  }
}

const rotateLeft = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))
