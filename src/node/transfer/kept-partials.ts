import type { Cid } from '../../core/cid.ts'
import type { PartialBlob } from '../../ports/blob-store.ts'
import type { KeptPartials } from '../context.ts'

/** Unfinished blobs that are kept for the next try. Each may hold a file open. */
const KEPT_MAX = 16
/** Size of all these blobs together. The latest is kept however large it is. */
const KEPT_MAX_BYTES = 1024 * 1024 * 1024

/**
 * Blobs of which a part has come and the rest could not be had: the next transfer goes on from
 * there. Beyond the bounds the oldest are discarded; all are when the stores close.
 */
export class PartialsKept implements KeptPartials {
  /** The oldest first. */
  readonly #kept = new Map<Cid, PartialBlob>()

  take(hash: Cid): PartialBlob | undefined {
    const partial = this.#kept.get(hash)
    this.#kept.delete(hash)
    return partial
  }

  async keep(partial: PartialBlob): Promise<void> {
    if (arrivedBytes(partial) === 0) return partial.discard()
    this.#kept.set(partial.hash, partial)
    while (this.#isTooMuch()) {
      const [oldest] = this.#kept.keys()
      if (oldest !== undefined) await this.take(oldest)?.discard()
    }
  }

  #isTooMuch(): boolean {
    if (this.#kept.size <= 1) return false
    const bytes = [...this.#kept.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    return this.#kept.size > KEPT_MAX || bytes > KEPT_MAX_BYTES
  }
}

/** How many bytes have come from the start on. */
export function arrivedBytes(partial: PartialBlob): number {
  return partial.missing()[0]?.start ?? partial.sizeBytes
}
