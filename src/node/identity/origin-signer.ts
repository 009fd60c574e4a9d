import type { Cid } from '../../core/cid.ts'
import { ORIGIN_BATCH_MAX, type Origin, publicationOf } from '../../core/identity/origin.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Signatures } from '../../ports/signatures.ts'
import type { NextTurn } from '../../ports/stores.ts'

/** Batches that are signed and not stored: while one is committed, the next may be ready. */
const BATCHES_MAX = 2

interface Options {
  readonly signatures: Pick<Signatures, 'peerId' | 'sign'>
  readonly clock: Clock
  /** Default: nothing is waited for. */
  readonly nextTurn?: NextTurn | undefined
}

interface Waiting {
  readonly cid: Cid
  readonly caller: string
  /** Stores the contribution with its origin; never rejects. */
  readonly store: (origin: Origin) => Promise<void>
  readonly reject: (error: unknown) => void
}

/**
 * Signs what is published here, in step with the store: what gathers while a batch is signed and
 * committed shares one signature, and will share one commit.
 */
export class OriginSigner {
  readonly #options: Options
  readonly #nextTurn: NextTurn
  #waiting: Waiting[] = []
  /** The sizes of the batches under way, oldest first. */
  readonly #underWay: { readonly size: number }[] = []
  #isScheduled = false

  constructor(options: Options) {
    this.#options = options
    this.#nextTurn = options.nextTurn ?? queueMicrotask
  }

  /**
   * What `store` gives, which gets this grove's origin of what is published now. Where more waits
   * than a batch has room for, callers take turns.
   */
  signed<T>(cid: Cid, store: (origin: Origin) => Promise<T>, caller = ''): Promise<T> {
    return new Promise((resolve, reject) => {
      const storeIt = (origin: Origin) => store(origin).then(resolve, reject)
      this.#waiting.push({ cid, caller, store: storeIt, reject })
      this.#schedule()
    })
  }

  /** The origins of at most ORIGIN_BATCH_MAX contributions, in their order: one signature. */
  async signTogether(cids: readonly Cid[]): Promise<Origin[]> {
    const { signatures, clock } = this.#options
    const { domain, bytes, origins } = publicationOf(cids, clock.now())
    return origins(signatures.peerId, await signatures.sign(domain, bytes))
  }

  #schedule(): void {
    if (this.#isScheduled || !this.#isDue()) return
    this.#isScheduled = true
    this.#nextTurn(() => {
      this.#isScheduled = false
      if (this.#isDue()) void this.#signBatch()
      this.#schedule()
    })
  }

  /** Whether what waits is a batch: signed sooner, it would be a small one. */
  #isDue(): boolean {
    const [current] = this.#underWay
    if (current === undefined) return this.#waiting.length > 0
    return this.#underWay.length < BATCHES_MAX && this.#waiting.length >= current.size
  }

  #nextBatch(): Waiting[] {
    if (this.#waiting.length <= ORIGIN_BATCH_MAX) return this.#waiting.splice(0)
    const queues = [...Map.groupBy(this.#waiting, ({ caller }) => caller).values()]
    const longest = Math.max(...queues.map(({ length }) => length))
    const inTurns = Array.from({ length: longest }, (_, n) =>
      queues.flatMap((queue) => queue[n] ?? []),
    ).flat()
    const batch = inTurns.slice(0, ORIGIN_BATCH_MAX)
    const taken = new Set(batch)
    this.#waiting = this.#waiting.filter((one) => !taken.has(one))
    return batch
  }

  async #signBatch(): Promise<void> {
    const batch = this.#nextBatch()
    const entry = { size: batch.length }
    this.#underWay.push(entry)
    try {
      const origins = await this.signTogether(batch.map(({ cid }) => cid))
      await Promise.all(origins.map((origin, index) => batch[index]?.store(origin)))
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    this.#underWay.splice(this.#underWay.indexOf(entry), 1)
    this.#schedule()
  }
}
