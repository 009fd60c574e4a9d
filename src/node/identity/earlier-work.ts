import { z } from 'zod'
import { isGroveError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { OriginStore } from '../../ports/origin-store.ts'
import type { RecordStore } from '../../ports/record-store.ts'

/** What is signed in one step: one job for the store, for which others wait. */
const STEP_MAX = 64
/** Between two steps, so that a grove that starts has time for others. */
const STEP_GAP_MS = 20
const SPACE = 'grove'
const KEY = 'signed'

const progressSchema = z.object({ to: z.number().int().min(0) })

export interface EarlierWorkOptions {
  readonly origins: OriginStore
  readonly records: Pick<RecordStore, 'get' | 'set'>
  readonly clock: Clock
  /** Runs a task after a while, unless the grove closes. */
  readonly later: (name: string, delayMs: number, task: () => Promise<void>) => void
  /** Signals may have moved: what is signed may count. */
  readonly moved: (metrics: readonly string[]) => void
}

/**
 * Signs what was published in this directory before the grove had a key, or by an older Grove, that
 * knows of none: step by step, in the background. How far it has come is kept, so that a start goes
 * on where the last one ended.
 */
export class EarlierWork {
  readonly #options: EarlierWorkOptions
  /** How far it has come, as is kept. */
  #noted = 0

  constructor(options: EarlierWorkOptions) {
    this.#options = options
  }

  start(): void {
    this.#later(0, async () => {
      const progress = progressSchema.safeParse(await this.#options.records.get(SPACE, KEY))
      this.#noted = progress.data?.to ?? 0
      await this.#step(this.#noted)
    })
  }

  /** Where nothing can be stored now, the next start goes on. */
  async #step(after: number): Promise<void> {
    try {
      const to = await this.#signPage(after)
      if (to !== undefined) this.#later(STEP_GAP_MS, () => this.#step(to))
    } catch (error) {
      if (!isGroveError(error)) throw error
    }
  }

  /** Where the page ends; undefined if the log has ended before. */
  async #signPage(after: number): Promise<number | undefined> {
    const { origins, records, clock, moved } = this.#options
    const { cids, to } = await origins.unsigned(after, STEP_MAX)
    if (to === undefined) return undefined
    if (cids.length > 0) {
      await origins.sign(cids, clock.now())
      moved([])
    }
    // A start on a directory in which little is new writes nothing.
    if (cids.length === 0 && to - this.#noted < STEP_MAX) return to
    await records.set(SPACE, KEY, { to })
    this.#noted = to
    return to
  }

  #later(delayMs: number, task: () => Promise<void>): void {
    this.#options.later('signing of earlier work', delayMs, task)
  }
}
