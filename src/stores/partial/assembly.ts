import type { Cid } from '../../core/cid.ts'
import { GroveError } from '../../core/errors.ts'
import type { BlobInfo, ByteRange, PartialBlob } from '../../ports/blob-store.ts'
import { checkHash } from '../verify.ts'
import type { Pieces } from './pieces.ts'
import { WrittenRanges } from './ranges.ts'

/** A partial blob over its pieces: what is written, and who may do what when. */
export class BlobAssembly implements PartialBlob {
  readonly hash: Cid
  readonly sizeBytes: number
  readonly #pieces: Pieces
  readonly #onEnd: () => void
  readonly #written: WrittenRanges
  readonly #writes = new Set<Promise<void>>()
  #finishing: Promise<BlobInfo> | undefined
  #end: 'finished' | 'discarded' | undefined

  /** `onEnd` is called once, when it is finished or discarded. */
  constructor({ hash, sizeBytes }: BlobInfo, pieces: Pieces, onEnd: () => void) {
    this.hash = hash
    this.sizeBytes = sizeBytes
    this.#pieces = pieces
    this.#onEnd = onEnd
    this.#written = new WrittenRanges(sizeBytes)
  }

  missing(): ByteRange[] {
    return this.#written.missing()
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const end = offset + bytes.byteLength
    if (!Number.isSafeInteger(offset) || offset < 0 || end > this.sizeBytes)
      throw new GroveError('range-invalid', { hash: this.hash, offset, end, of: this.sizeBytes })
    // No byte may change between being hashed and being published.
    while (this.#finishing !== undefined) await settled(this.#finishing)
    if (this.#end === 'finished') return
    this.#requireKept()
    const writing = this.#pieces.write(offset, bytes)
    this.#writes.add(writing)
    try {
      await writing
      this.#written.add(offset, end)
    } finally {
      this.#writes.delete(writing)
    }
  }

  finish(): Promise<BlobInfo> {
    this.#finishing ??= this.#finish().finally(() => {
      this.#finishing = undefined
    })
    return this.#finishing
  }

  async discard(): Promise<void> {
    if (this.#finishing !== undefined) await settled(this.#finishing)
    if (this.#end !== undefined) return
    this.#end = 'discarded'
    this.#onEnd()
    await Promise.allSettled(this.#writes)
    await this.#pieces.discard()
  }

  async #finish(): Promise<BlobInfo> {
    const { hash, sizeBytes } = this
    if (this.#end === 'finished') return { hash, sizeBytes }
    this.#requireKept()
    await Promise.allSettled(this.#writes)
    const missing = this.missing()
    if (missing.length > 0) {
      const message = `${hash} is not whole: ${missing.length} ranges are missing`
      throw new GroveError('range-invalid', { hash, missing: missing.slice(0, 10) }, { message })
    }
    checkHash(await this.#pieces.hash(), hash)
    await this.#pieces.publish()
    this.#end = 'finished'
    this.#onEnd()
    return { hash, sizeBytes }
  }

  #requireKept(): void {
    if (this.#end === 'discarded') throw new GroveError('aborted', { hash: this.hash })
  }
}

async function settled(promise: Promise<unknown>): Promise<void> {
  await Promise.allSettled([promise])
}
