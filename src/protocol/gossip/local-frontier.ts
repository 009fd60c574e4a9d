import type { Cid } from '../../core/cid.ts'
import type { Direction } from '../../core/contribution/schema.ts'
import type { LocalEntry } from '../../core/ranking/frontier.ts'
import { shortId } from './pending-requests.ts'

/** The best of what is held here, as the node last gave it. */
export class LocalFrontier {
  #entries: readonly LocalEntry[] = []
  /** Metric → cid → direction. */
  #places = new Map<string, Map<Cid, Direction>>()

  get entries(): readonly LocalEntry[] {
    return this.#entries
  }

  get metricCount(): number {
    return this.#places.size
  }

  set(entries: readonly LocalEntry[]): void {
    this.#entries = entries
    this.#places = new Map()
    for (const { metric, cid, direction } of entries) {
      const cids = this.#places.get(metric) ?? new Map<Cid, Direction>()
      this.#places.set(metric, cids.set(cid, direction))
    }
  }

  /** Whether the item has a place in this dimension. */
  hasPlace({ metric, cid, direction }: LocalEntry): boolean {
    return this.#places.get(metric)?.get(cid) === direction
  }

  /** Whether the item has a place in any dimension. O(metrics). */
  hasItem(cid: Cid): boolean {
    for (const cids of this.#places.values()) if (cids.has(cid)) return true
    return false
  }

  /** The direction in which the metric is held here. */
  directionOf(metric: string): Direction | undefined {
    for (const direction of this.#places.get(metric)?.values() ?? []) return direction
    return undefined
  }

  /** The entries of the items with these short ids. */
  withShortIds(ids: readonly string[]): LocalEntry[] {
    const wanted = new Set(ids)
    return wanted.size === 0 ? [] : this.#entries.filter(({ cid }) => wanted.has(shortId(cid)))
  }
}
