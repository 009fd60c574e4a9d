/** Somebody who has taken a buffer, or more. */
export interface Borrower {
  /** Asked while others wait: gives back what it has no use for now. Whether there was such. */
  letGo(): boolean
}

/** Bytes of one write of a large blob: each costs a thread's round trip. */
const WRITE_BYTES = 1024 * 1024
/** Buffers of all that is written at once. */
const WRITE_BUFFERS = 8
/** Buffers that are kept although nobody has use for them. */
const IDLE_MAX = 2

/**
 * Buffers of one size that many share. Where all are taken, others wait in the order in which they
 * came; who has a buffer and nothing to do with it has to give it back then.
 */
export class BufferPool {
  readonly bytes: number
  readonly #count: number
  readonly #idle: Buffer<ArrayBuffer>[] = []
  readonly #waiting: ((buffer: Buffer<ArrayBuffer>) => void)[] = []
  readonly #borrowers = new Set<Borrower>()
  #taken = 0

  /** At most `count` buffers of so many bytes. */
  constructor({ count = WRITE_BUFFERS, bytes = WRITE_BYTES } = {}) {
    this.#count = count
    this.bytes = bytes
  }

  /** Whether somebody waits for a buffer. */
  get isWanted(): boolean {
    return this.#waiting.length > 0
  }

  /** A buffer, once there is one: undefined bytes. It is to be given back. */
  async take(borrower: Borrower): Promise<Buffer<ArrayBuffer>> {
    this.#borrowers.add(borrower)
    if (this.#taken < this.#count) {
      this.#taken++
      return this.#idle.pop() ?? Buffer.allocUnsafeSlow(this.bytes)
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      for (const other of this.#borrowers) if (other.letGo()) return
    })
  }

  give(buffer: Buffer<ArrayBuffer>): void {
    const next = this.#waiting.shift()
    if (next !== undefined) next(buffer)
    else {
      this.#taken--
      if (this.#idle.length < IDLE_MAX) this.#idle.push(buffer)
    }
  }

  /** To be called when a borrower has given back all and wants no more. */
  forget(borrower: Borrower): void {
    this.#borrowers.delete(borrower)
  }
}
