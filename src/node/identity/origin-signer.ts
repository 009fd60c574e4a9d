import type { Cid } from '../../core/cid.ts'
import { ORIGIN_BATCH_MAX, type Origin, publicationOf } from '../../core/identity/origin.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Signatures } from '../../ports/signatures.ts'

interface Waiting {
  readonly cid: Cid
  readonly resolve: (origin: Origin) => void
  readonly reject: (error: unknown) => void
}

/**
 * Signs what is published here. While one signature is made, what is published meanwhile gathers
 * for the next: so many at once cost little more than one.
 */
export class OriginSigner {
  readonly #signatures: Signatures
  readonly #clock: Clock
  #waiting: Waiting[] = []
  #isBusy = false

  constructor(signatures: Signatures, clock: Clock) {
    this.#signatures = signatures
    this.#clock = clock
  }

  /** This grove's origin of a contribution that is published now. */
  sign(cid: Cid): Promise<Origin> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ cid, resolve, reject })
      if (!this.#isBusy) void this.#signAll()
    })
  }

  /** Those of at most ORIGIN_BATCH_MAX contributions, in their order: one signature. */
  async signTogether(cids: readonly Cid[]): Promise<Origin[]> {
    const { domain, bytes, origins } = publicationOf(cids, this.#clock.now())
    return origins(this.#signatures.peerId, await this.#signatures.sign(domain, bytes))
  }

  async #signAll(): Promise<void> {
    this.#isBusy = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, ORIGIN_BATCH_MAX)
      try {
        const origins = await this.signTogether(batch.map(({ cid }) => cid))
        for (const [index, { resolve, reject }] of batch.entries()) {
          const origin = origins[index]
          if (origin === undefined) reject(new Error('a signed batch has an origin for each'))
          else resolve(origin)
        }
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#isBusy = false
  }
}
