import type { PartialBlob } from '../../ports/blob-store.ts'

/** Bytes of one write. Each costs a thread's round trip. */
const PIECE_BYTES = 1024 * 1024

/**
 * Writes bytes that arrive in order into a partial blob. They are gathered into large pieces, in
 * two buffers that take turns: one is written while the other is filled.
 */
export class PieceWriter {
  readonly #partial: PartialBlob
  #offset: number
  #filling: Buffer
  #resting: Buffer | undefined
  #filledBytes = 0
  #writing: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined

  /** `offset` is where the bytes begin. */
  constructor(partial: PartialBlob, offset: number) {
    this.#partial = partial
    this.#offset = offset
    this.#filling = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, partial.sizeBytes - offset))
  }

  /** The chunk may change once this resolves. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let taken = 0; taken < chunk.byteLength; ) {
      const part = chunk.subarray(taken, taken + this.#filling.byteLength - this.#filledBytes)
      this.#filling.set(part, this.#filledBytes)
      this.#filledBytes += part.byteLength
      taken += part.byteLength
      if (this.#filledBytes === this.#filling.byteLength) await this.#send()
    }
  }

  /** Resolves when everything counts as written. */
  async flush(): Promise<void> {
    if (this.#filledBytes > 0) await this.#send()
    await this.#written()
  }

  /** Throws what the write under way fails with. */
  async #written(): Promise<void> {
    await this.#writing
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Nobody waits for it yet: its failure is for who sends or flushes next. */
  async #write(offset: number, bytes: Uint8Array): Promise<void> {
    try {
      await this.#partial.write(offset, bytes)
    } catch (error) {
      this.#failure = { error }
    }
  }

  async #send(): Promise<void> {
    const full = this.#filling
    const bytes = full.subarray(0, this.#filledBytes)
    await this.#written()
    this.#filling = this.#resting ?? Buffer.allocUnsafeSlow(full.byteLength)
    this.#resting = full
    this.#filledBytes = 0
    this.#writing = this.#write(this.#offset, bytes)
    this.#offset += bytes.byteLength
  }
}
