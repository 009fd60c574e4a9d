import type { Cid } from '../../core/cid.ts'
import type { Direction } from '../../core/contribution/schema.ts'
import type { LocalEntry } from '../../core/ranking/frontier.ts'

/** The first of a burst goes at once; what enters within this time of it waits, and travels together. */
const ANNOUNCE_GAP_MS = 100

/** The local frontier as it was last told, and what has entered it since it was last announced. */
export interface Announcer {
  readonly entries: readonly LocalEntry[]
  /** Metric → cid → direction: what is there already. */
  readonly places: ReadonlyMap<string, ReadonlyMap<Cid, Direction>>
  readonly pending: readonly LocalEntry[]
  /** When to push what is pending; undefined when nothing is. */
  readonly dueAt: number | undefined
  /** Until when what begins here has to wait. */
  readonly quietUntil: number
}

export const SILENT: Announcer = {
  entries: [],
  places: new Map(),
  pending: [],
  dueAt: undefined,
  quietUntil: Number.NEGATIVE_INFINITY,
}

export interface Arrival {
  readonly announce: boolean
  readonly now: number
  /** Whether others told of this item. */
  readonly isRelayed: (cid: Cid) => boolean
}

/** The announcer after the frontier became `entries`. Without `announce`, what is new was there before and is not news. */
export function withFrontier(
  before: Announcer,
  entries: readonly LocalEntry[],
  { announce, now, isRelayed }: Arrival,
): Announcer {
  const places = indexPlaces(entries)
  const { quietUntil } = before
  if (!announce) return { entries, places, pending: [], dueAt: undefined, quietUntil }
  const waiting = indexPlaces(before.pending)
  const isPending = (entry: LocalEntry) =>
    !isPlaced(before.places, entry) || isPlaced(waiting, entry)
  const pending = entries.filter(isPending)
  if (pending.length === 0) return { entries, places, pending, dueAt: undefined, quietUntil }
  // What others told doesn't wait: its burst was gathered where it began, and it would wait again on each hop.
  const soonest = pending.every(({ cid }) => isRelayed(cid)) ? now : Math.max(now, quietUntil)
  const dueAt = Math.min(before.dueAt ?? Number.POSITIVE_INFINITY, soonest)
  return { entries, places, pending, dueAt, quietUntil }
}

/** The announcer after it has pushed. */
export function announced(before: Announcer, now: number): Announcer {
  return { ...before, pending: [], dueAt: undefined, quietUntil: now + ANNOUNCE_GAP_MS }
}

/** The announcer after the clock was set back: what it waits for comes no later for it. */
export function setBack(before: Announcer, byMs: number): Announcer {
  const { dueAt, quietUntil } = before
  return {
    ...before,
    dueAt: dueAt === undefined ? undefined : dueAt - byMs,
    quietUntil: quietUntil - byMs,
  }
}

/** The direction in which a metric is held here. */
export function heldDirection({ places }: Announcer, metric: string): Direction | undefined {
  for (const direction of places.get(metric)?.values() ?? []) return direction
  return undefined
}

/** Whether the item is in the local frontier, in any dimension. O(metrics). */
export function isLocal({ places }: Announcer, cid: Cid): boolean {
  for (const cids of places.values()) if (cids.has(cid)) return true
  return false
}

function indexPlaces(entries: readonly LocalEntry[]): Map<string, Map<Cid, Direction>> {
  const places = new Map<string, Map<Cid, Direction>>()
  for (const { metric, cid, direction } of entries) {
    const cids = places.get(metric)
    if (cids === undefined) places.set(metric, new Map([[cid, direction]]))
    else cids.set(cid, direction)
  }
  return places
}

function isPlaced(places: Announcer['places'], { metric, cid, direction }: LocalEntry): boolean {
  return places.get(metric)?.get(cid) === direction
}
