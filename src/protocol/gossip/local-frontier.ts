import type { Cid } from '../../core/cid.ts'
import type { Direction } from '../../core/contribution/schema.ts'
import type { LocalEntry } from '../../core/ranking/frontier.ts'
import { compareText } from '../../core/text.ts'
import { byDimension } from './digest.ts'
import { shortId } from './pending-requests.ts'

/** The places of one metric. */
interface MetricPlaces {
  readonly entries: readonly LocalEntry[]
  /** Those that may be sent, by dimension, best first. */
  readonly dimensions: readonly (readonly LocalEntry[])[]
  readonly directions: ReadonlyMap<Cid, Direction>
}

/**
 * The best of what is held here, as the node last gave it, metric by metric. What is new in some
 * metrics costs nothing in the others.
 */
export class LocalFrontier {
  readonly #metrics = new Map<string, MetricPlaces>()
  /** The places of each item. */
  readonly #items = new Map<Cid, Set<LocalEntry>>()
  /** The metrics, sorted. */
  #names: readonly string[] = []
  /** All dimensions by name; undefined after a change. */
  #dimensions: readonly (readonly LocalEntry[])[] | undefined

  get metricCount(): number {
    return this.#metrics.size
  }

  /** The dimensions that may be sent, by name, each best first. */
  get dimensions(): readonly (readonly LocalEntry[])[] {
    this.#dimensions ??= this.#names.flatMap((name) => this.#metrics.get(name)?.dimensions ?? [])
    return this.#dimensions
  }

  /** The places in these metrics are now `entries`; without metrics, all places are. */
  set(
    entries: readonly LocalEntry[],
    metrics: readonly string[] = [...this.#metrics.keys()],
  ): void {
    const byMetric = Map.groupBy(entries, (entry) => entry.metric)
    const added = [...byMetric.keys()].filter((metric) => !this.#metrics.has(metric))
    const gone = metrics.some((metric) => this.#metrics.has(metric) && !byMetric.has(metric))
    for (const metric of metrics) this.#remove(metric)
    for (const [metric, places] of byMetric) this.#add(metric, places)
    if (gone) this.#names = this.#names.filter((name) => this.#metrics.has(name))
    this.#names = mergedNames(this.#names, added.sort(compareText))
    this.#dimensions = undefined
  }

  /** Whether the item has a place in this dimension. */
  hasPlace({ metric, cid, direction }: LocalEntry): boolean {
    return this.#metrics.get(metric)?.directions.get(cid) === direction
  }

  /** One of the item's places; undefined if it has none. */
  entryOf(cid: Cid): LocalEntry | undefined {
    for (const entry of this.#items.get(cid) ?? []) return entry
    return undefined
  }

  /** The direction in which the metric is held here. */
  directionOf(metric: string): Direction | undefined {
    return this.#metrics.get(metric)?.entries[0]?.direction
  }

  /** The entries of the items with these short ids. O(items), unless there are no ids. */
  withShortIds(ids: readonly string[]): LocalEntry[] {
    if (ids.length === 0) return []
    const wanted = new Set(ids)
    return [...this.#items].flatMap(([cid, entries]) =>
      wanted.has(shortId(cid)) ? [...entries] : [],
    )
  }

  #add(metric: string, entries: readonly LocalEntry[]): void {
    this.#metrics.set(metric, {
      entries,
      dimensions: [...byDimension(entries).values()],
      directions: new Map(entries.map(({ cid, direction }) => [cid, direction])),
    })
    for (const entry of entries) {
      const places = this.#items.get(entry.cid) ?? new Set()
      this.#items.set(entry.cid, places.add(entry))
    }
  }

  #remove(metric: string): void {
    for (const entry of this.#metrics.get(metric)?.entries ?? []) {
      const places = this.#items.get(entry.cid)
      places?.delete(entry)
      if (places?.size === 0) this.#items.delete(entry.cid)
    }
    this.#metrics.delete(metric)
  }
}

/** Two sorted lists as one. To sort all of many metrics for a few new ones would be dear. */
function mergedNames(a: readonly string[], b: readonly string[]): readonly string[] {
  if (b.length === 0) return a
  const merged: string[] = []
  let at = 0
  for (const name of a) {
    for (let next = b[at]; next !== undefined && compareText(next, name) < 0; next = b[++at])
      merged.push(next)
    merged.push(name)
  }
  return [...merged, ...b.slice(at)]
}
