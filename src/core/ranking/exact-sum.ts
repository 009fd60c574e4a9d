/**
 * Exact sums of doubles. Each double is a whole number of 2^-1074, the smallest one, so a sum is a
 * bigint of that unit: it has no rounding, and the order of its terms does not matter.
 */

const FRACTION_BITS = 52n
const EXPONENT_MASK = 0x7ff
/** Bits that a quotient keeps before it is rounded: the 53 of a double, and some that round it. */
const KEPT_BITS = 64
const UNIT_EXPONENT = -1074

const view = new DataView(new ArrayBuffer(8))

/** A finite double in units of 2^-1074. */
export function exactly(value: number): bigint {
  view.setFloat64(0, Math.abs(value))
  const bits = view.getBigUint64(0)
  const exponent = Number(bits >> FRACTION_BITS) & EXPONENT_MASK
  const fraction = bits & ((1n << FRACTION_BITS) - 1n)
  const whole =
    exponent === 0 ? fraction : (fraction | (1n << FRACTION_BITS)) << BigInt(exponent - 1)
  return value < 0 ? -whole : whole
}

/**
 * The double that is nearest to `sum / count`, ties to even; `sum` in units of 2^-1074. It is
 * finite: a mean is between its terms.
 */
export function exactMean(sum: bigint, count: number): number {
  const doubled = 2n * (sum < 0n ? -sum : sum)
  const quotient = doubled / BigInt(count)
  // The last bit stands for all that the division drops, so that the result is rounded only once.
  const isExact = quotient * BigInt(count) === doubled
  const mean = toDouble((quotient << 1n) | (isExact ? 0n : 1n))
  return sum < 0n ? -mean : mean
}

/** A whole number of 2^-1076, rounded to the nearest double. */
function toDouble(units: bigint): number {
  const excess = 4 * units.toString(16).length - KEPT_BITS
  if (excess <= 0 && units < 1n << 55n) return small(units)
  const shift = BigInt(Math.max(0, excess))
  const isExact = (units >> shift) << shift === units
  const kept = (units >> shift) | (isExact ? 0n : 1n)
  return scaled(Number(kept), Number(shift) + UNIT_EXPONENT - 2)
}

/** Below 2^-1021 doubles are a unit of 2^-1074 apart, so that a rest of a unit is rounded here. */
function small(units: bigint): number {
  const [whole, rest] = [units >> 2n, units & 3n]
  const roundsUp = rest > 2n || (rest === 2n && (whole & 1n) === 1n)
  return Number(roundsUp ? whole + 1n : whole) * 2 ** UNIT_EXPONENT
}

/** `value * 2^exponent`, in two steps where the power itself would be too small for a double. */
function scaled(value: number, exponent: number): number {
  return exponent < -1_000 ? value * 2 ** -1_000 * 2 ** (exponent + 1_000) : value * 2 ** exponent
}

/** A sum as short text: hexadecimal digits, `p`, and how many zeros follow them. */
export function sumToText(sum: bigint): string {
  if (sum === 0n) return '0p0'
  const digits = sum.toString(16)
  const significant = digits.replace(/0+$/, '')
  return `${significant}p${digits.length - significant.length}`
}

/** The sum that `sumToText` wrote. */
export function sumFromText(text: string): bigint {
  const [digits = '0', zeros = '0'] = text.split('p')
  const isNegative = digits.startsWith('-')
  const size = BigInt(`0x${isNegative ? digits.slice(1) : digits}`) << BigInt(4 * Number(zeros))
  return isNegative ? -size : size
}
