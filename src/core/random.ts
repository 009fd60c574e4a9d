/** Random numbers: from the system in production, from a seed in tests and the simulator. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
}

/** A random integer in [0, bound). */
export const below = (random: Random, bound: number): number => Math.floor(random.next() * bound)

/** A uniform sample of `count` items, each at most once, in random order. */
export function sample<T>(random: Random, items: readonly T[], count: number): T[] {
  const rest = [...items]
  const chosen: T[] = []
  while (chosen.length < count && rest.length > 0)
    chosen.push(...rest.splice(below(random, rest.length), 1))
  return chosen
}

/** Random hex digits, as many as `digits`. Not for secrets. */
export const hexDigits = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => below(random, 16).toString(16)).join('')
