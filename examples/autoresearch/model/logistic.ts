/** Units of a stretched probability in one nat: ln(p / (1 − p)) × 256, as an integer. */
export const NAT = 256

/** The probability 1. Probabilities are integers out of 65,536, of a one as the next bit. */
export const ONE = 65_536

const STRETCH_BITS = 12
const SQUASH_LIMIT = 12 * NAT

// All tables hold rounded integers, so that the last digits of Math.log and Math.exp don't matter.
const stretches = Int16Array.from({ length: 1 << STRETCH_BITS }, (_, slot) => {
  const p = (slot + 0.5) / (1 << STRETCH_BITS)
  return Math.round(Math.log(p / (1 - p)) * NAT)
})
const squashes = Uint16Array.from({ length: 2 * SQUASH_LIMIT + 1 }, (_, slot) => {
  const p = 1 / (1 + Math.exp((SQUASH_LIMIT - slot) / NAT))
  return Math.min(ONE - 1, Math.max(1, Math.round(p * ONE)))
})
const COST_UNIT = 2 ** 20
const costs = Int32Array.from({ length: ONE }, (_, p) =>
  Math.round(-Math.log2(Math.max(p, 1) / ONE) * COST_UNIT),
)

/** ln(p / (1 − p)) in 1/256 nats, in 4,096 steps of p. */
export function stretch(p: number): number {
  return stretches[p >>> (16 - STRETCH_BITS)] as number
}

/** The inverse of `stretch`: a number of 1/256 nats to a probability in 1 … 65,535. */
export function squash(logit: number): number {
  const slot = Math.round(logit) + SQUASH_LIMIT
  if (slot <= 0) return squashes[0] as number
  return slot >= 2 * SQUASH_LIMIT
    ? (squashes[2 * SQUASH_LIMIT] as number)
    : (squashes[slot] as number)
}

/**
 * The cost of coding `bit` if a one has probability `p`, in whole 2⁻²⁰ bits: sums are exact in any
 * order.
 */
export function bitCost(p: number, bit: number): number {
  return costs[bit === 1 ? p : ONE - p] as number
}

/** A sum of `bitCost`s in bits. */
export function costToBits(cost: number): number {
  return cost / COST_UNIT
}
