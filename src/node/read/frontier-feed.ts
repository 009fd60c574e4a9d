import { Throttle } from '../../concurrency/throttle.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import type { Input } from '../../protocol/messages.ts'
import type { ReadContext } from '../context.ts'
import { FrontierReader } from './frontier-reader.ts'

/**
 * The local frontier is read at once after a store, but not more often than this: stores in quick
 * succession share a reading.
 */
const FRONTIER_GAP_MS = 25
const FRONTIER = 'reading of the frontier'

type FeedContext = Pick<ReadContext, 'breathe' | 'clock' | 'contributions' | 'gossip' | 'index'> & {
  tell(input: Input): void
  later(name: string, delayMs: number, task: () => Promise<unknown>): void
  isDue(name: string): boolean
}

/** Tells gossip what the local frontier is, whenever that may have changed. */
export class FrontierFeed {
  readonly #node: FeedContext
  readonly #reader: FrontierReader
  readonly #gap = new Throttle(FRONTIER_GAP_MS)

  constructor(node: FeedContext) {
    this.#node = node
    this.#reader = new FrontierReader(node)
  }

  /** Tells of what was held before the start, in pages, so that many metrics hold up nobody. */
  async begin(after?: string): Promise<void> {
    const { input, next } = await this.#reader.readPage(after)
    this.#node.tell(input)
    if (next !== undefined) this.#node.later(`${FRONTIER} as it was`, 0, () => this.begin(next))
  }

  /** Tells of what these may have changed. */
  stored(contributions: readonly Contribution[]): void {
    this.#reader.touch(contributions)
    this.#readSoon()
  }

  /** Tells of these metrics, in which others count now. */
  moved(metrics: readonly string[]): void {
    this.#reader.touchMoved(metrics)
    this.#readSoon()
  }

  #readSoon(): void {
    const { clock } = this.#node
    if (this.#node.isDue(FRONTIER)) return
    this.#node.later(FRONTIER, this.#gap.delayMs(clock.now()), async () => {
      this.#gap.start(clock.now())
      this.#node.tell(await this.#reader.readTouched())
    })
  }
}
