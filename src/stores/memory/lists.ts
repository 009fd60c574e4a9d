import type { Cid } from '../../core/cid.ts'
import type { Age, ThreadPlace } from '../../core/ranking/cursor.ts'
import type { ListEntry } from '../../ports/contribution-store.ts'
import type { ListedPage, Page } from '../../ports/graph-index.ts'
import type { Held } from './rank.ts'

export function listedOf({ stored: { cid, bytes }, createdMs }: Held): ListEntry {
  return { cid, createdMs, sizeBytes: bytes.byteLength }
}

/** One page of a list in this order. */
export function pageOf(
  held: readonly Held[],
  { limit, offset, after }: Page,
  compare: (a: Age, b: Age) => number,
): ListedPage {
  const items = held
    .map(listedOf)
    .filter((listed) => after === undefined || compare(listed, after) > 0)
    .sort(compare)
    .slice(offset, offset + limit)
  return { items, total: held.length }
}

export function compareNewest(a: Age, b: Age): number {
  return b.createdMs - a.createdMs || compareCids(a.cid, b.cid)
}

/** Most replies first, then the latest reply; of those without any, the newest first. */
export function compareThreads(a: ThreadPlace, b: ThreadPlace): number {
  return b.replies - a.replies || b.lastMs - a.lastMs || compareCids(a.cid, b.cid)
}

export function compareCids(a: Cid, b: Cid): number {
  return a < b ? -1 : a > b ? 1 : 0
}
