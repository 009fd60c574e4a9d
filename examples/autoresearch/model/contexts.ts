import type { Config } from '../config.ts'

/** A hash of what precedes `position` in `history`. Places with the same hash share predictions. */
export type Context = (history: Uint8Array, position: number) => number

/** The contexts of a config: one for each order, then the word context, if any. */
export function contextsOf(config: Pick<Config, 'orders' | 'word'>): Context[] {
  const contexts = config.orders.map(orderContext)
  if (config.word === 'word')
    contexts.push((history, position) => wordBefore(history, position).hash)
  if (config.word === 'pair') contexts.push(wordPair)
  return contexts
}

/** Folds a byte into a hash. */
export function fold(hash: number, byte: number): number {
  return Math.imul(hash + byte + 1, 0x2f0b4c47) ^ (hash >>> 13)
}

function orderContext(order: number): Context {
  return (history, position) => {
    let hash = order
    for (let at = Math.max(0, position - order); at < position; at++)
      hash = fold(hash, history[at] as number)
    return hash
  }
}

const WORD_SEED = 97

/**
 * The hash of the letters that end at `position`, of which there may be none, and where they start.
 */
function wordBefore(
  history: Uint8Array,
  position: number,
  seed = WORD_SEED,
): { hash: number; start: number } {
  let hash = seed
  let start = position
  while (start > 0 && isLetter(history[start - 1] as number)) {
    start -= 1
    hash = fold(hash, history[start] as number)
  }
  return { hash, start }
}

/** A hash of the current word and the one before it, without what is between them. */
function wordPair(history: Uint8Array, position: number): number {
  const word = wordBefore(history, position)
  let end = word.start
  while (end > 0 && !isLetter(history[end - 1] as number)) end -= 1
  return wordBefore(history, end, Math.imul(word.hash, 0x9e3779b1)).hash
}

function isLetter(byte: number): boolean {
  const lower = byte | 32
  return lower >= 97 && lower <= 122
}
