import type { Borrower, BufferPool } from './buffer-pool.ts'

interface Sink {
  /** Writes bytes behind those before. They don't change until it resolves. */
  readonly write: (bytes: Uint8Array) => Promise<void>
  /** Called with the same bytes before, while those before them may still be being written. */
  readonly gathered?: (bytes: Uint8Array) => void
}

/**
 * Chunks that are gathered into large writes, in buffers of a pool: one is filled while another is
 * written. Copying a socket's many small buffers is cheaper than keeping them alive. While a source
 * sends nothing it holds no buffer that others wait for.
 */
export class GatheredWrites implements Borrower {
  readonly #pool: BufferPool
  readonly #sink: Sink
  #filling: Buffer<ArrayBuffer> | undefined
  #filledBytes = 0
  /** Whether the source has sent nothing since the last chunk. */
  #isIdle = false
  #sending: Promise<void> = Promise.resolve()
  #writing: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined

  constructor(pool: BufferPool, sink: Sink) {
    this.#pool = pool
    this.#sink = sink
  }

  /** The chunk may change once this resolves. Throws what a write before failed with. */
  async add(chunk: Uint8Array): Promise<void> {
    this.#isIdle = false
    await this.#sending
    for (let taken = 0; taken < chunk.byteLength; ) {
      this.#filling ??= await this.#pool.take(this)
      const part = chunk.subarray(taken, taken + this.#pool.bytes - this.#filledBytes)
      this.#filling.set(part, this.#filledBytes)
      this.#filledBytes += part.byteLength
      taken += part.byteLength
      if (this.#filledBytes === this.#pool.bytes) await this.#send()
    }
    this.#throwFailure()
    this.#isIdle = true
    if (this.#pool.isWanted) this.letGo()
  }

  letGo(): boolean {
    if (!this.#isIdle || this.#filling === undefined) return false
    this.#sending = this.#send()
    return true
  }

  /** Resolves when all is written. Throws what a write failed with. */
  async flush(): Promise<void> {
    this.#isIdle = false
    await this.#sending
    await this.#send()
    await this.end()
    this.#throwFailure()
  }

  /** Waits for the write under way, and drops what isn't written. */
  async end(): Promise<void> {
    this.#isIdle = false
    await this.#sending
    await this.#writing
    this.#pool.forget(this)
    if (this.#filling !== undefined) this.#pool.give(this.#filling)
    this.#filling = undefined
  }

  /** Begins to write what is gathered, after the write before. */
  async #send(): Promise<void> {
    const buffer = this.#filling
    if (buffer === undefined) return
    const bytes = buffer.subarray(0, this.#filledBytes)
    this.#filling = undefined
    this.#filledBytes = 0
    this.#sink.gathered?.(bytes)
    await this.#writing
    this.#writing = this.#write(bytes).finally(() => this.#pool.give(buffer))
  }

  /** Nobody waits for it: its failure is for who adds or flushes next. */
  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return
    try {
      await this.#sink.write(bytes)
    } catch (error) {
      this.#failure = { error }
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
