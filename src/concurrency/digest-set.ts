/** Digests for which there is room at first. A power of two. */
const SLOTS_MIN = 64
/** A digest takes two numbers of 32 bits. */
const WORDS = 2
const WORD_BYTES = 4

/**
 * A set of digests of 64 bits, in 11 to 22 bytes each: nothing is kept but their bits. Digests must
 * be such that nobody can choose them, else they could be made to collide.
 */
export class DigestSet {
  #words = new Uint32Array(SLOTS_MIN * WORDS)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The memory that it takes. */
  get bytes(): number {
    return this.#words.byteLength
  }

  /** Whether it has the digest in the first 8 bytes. */
  has(digest: Buffer): boolean {
    const [first, second] = wordsOf(digest)
    const at = this.#placeOf(first, second)
    return this.#words[at] === first && this.#words[at + 1] === second
  }

  /** Adds the digest in the first 8 bytes. False if it was there. */
  add(digest: Buffer): boolean {
    if (this.has(digest)) return false
    if ((this.#size + 1) * 4 > (this.#words.length / WORDS) * 3) this.#grow()
    this.#put(...wordsOf(digest))
    this.#size++
    return true
  }

  #put(first: number, second: number): void {
    const at = this.#placeOf(first, second)
    this.#words[at] = first
    this.#words[at + 1] = second
  }

  /** Where a digest is, or would be: the next free place after the one that its bits name. */
  #placeOf(first: number, second: number): number {
    const words = this.#words
    const mask = words.length - 1
    let at = (first * WORDS) & mask
    while (words[at] !== 0 || words[at + 1] !== 0) {
      if (words[at] === first && words[at + 1] === second) return at
      at = (at + WORDS) & mask
    }
    return at
  }

  #grow(): void {
    const before = this.#words
    this.#words = new Uint32Array(before.length * 2)
    for (let at = 0; at < before.length; at += WORDS) {
      const [first = 0, second = 0] = [before[at], before[at + 1]]
      if (first !== 0 || second !== 0) this.#put(first, second)
    }
  }
}

/** Two zeros are a free place, and so the digest of them stands for the one after it. */
function wordsOf(digest: Buffer): [number, number] {
  const [first, second] = [digest.readUInt32LE(0), digest.readUInt32LE(WORD_BYTES)]
  return first === 0 && second === 0 ? [0, 1] : [first, second]
}
