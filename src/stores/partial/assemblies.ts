import { GroveError } from '../../core/errors.ts'
import type { BlobInfo, PartialBlob } from '../../ports/blob-store.ts'
import { BlobAssembly } from './assembly.ts'
import type { Pieces } from './pieces.ts'

/**
 * The partial blobs of a store, one for each hash and size: sizes come from peers, and a wrong
 * one must not stand in the way of the right one.
 */
export class Assemblies {
  readonly #open = new Map<string, Promise<BlobAssembly>>()
  #closed = false

  /**
   * The one of this hash and size; begun with the given pieces where there is none. Throws
   * `range-invalid` where the size is none, `shutting-down`, and what `begin` throws.
   */
  async partial(info: BlobInfo, begin: () => Promise<Pieces>): Promise<PartialBlob> {
    const { hash, sizeBytes } = info
    if (this.#closed) throw new GroveError('shutting-down')
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0)
      throw new GroveError('range-invalid', { hash, sizeBytes })
    return this.#open.get(keyOf(info)) ?? this.#begin(info, begin)
  }

  /** Discards all and refuses more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.discardAll()
  }

  async discardAll(): Promise<void> {
    const begun = await Promise.allSettled(this.#open.values())
    const assemblies = begun.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    await Promise.all(assemblies.map((assembly) => assembly.discard()))
  }

  #begin(info: BlobInfo, begin: () => Promise<Pieces>): Promise<BlobAssembly> {
    const key = keyOf(info)
    const forget = () => void this.#open.delete(key)
    const begun = begin().then((pieces) => new BlobAssembly(info, pieces, forget))
    begun.catch(forget)
    this.#open.set(key, begun)
    return begun
  }
}

const keyOf = ({ hash, sizeBytes }: BlobInfo): string => `${hash} ${sizeBytes}`
