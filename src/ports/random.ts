import { below, type Random } from '../core/random.ts'

export type { Random }

/** `digits` hex digits by chance. */
export const hexDigits = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => below(random, 16).toString(16)).join('')
