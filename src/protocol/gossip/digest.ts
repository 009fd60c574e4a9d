import { DIGEST_MAX_ENTRIES } from '../../core/limits.ts'
import {
  comparePlaces,
  dimensionKey,
  type LocalEntry,
  type Place,
} from '../../core/ranking/frontier.ts'
import type { DigestEntry, GossipMessage } from '../../core/wire/gossip.ts'

/** The longest metric name and tag on the wire, in UTF-16 units. Longer ones are not sent. */
const NAME_MAX_CHARS = 256
/** Tags of one entry on the wire. */
const ENTRY_TAGS_MAX = 100

export interface DigestLimits {
  /** UTF-8 bytes that the entries may take as JSON. */
  readonly maxBytes: number
  /** Any number. With more dimensions than entries, each turn starts at other dimensions. */
  readonly turn: number
}

/**
 * What a grove advertises of its local frontier: at most DIGEST_MAX_ENTRIES, all with direction.
 * Dimensions share the room fairly: the best of each, then the second of each, and so on. Beyond
 * `maxBytes` tags are dropped first, then entries, from the last one on. It costs the same however
 * many dimensions there are.
 */
export function digestOf(
  dimensions: readonly (readonly LocalEntry[])[],
  { maxBytes, turn }: DigestLimits,
): DigestEntry[] {
  const most = DIGEST_MAX_ENTRIES
  const start = dimensions.length > most ? (turn * most) % dimensions.length : 0
  const turned = [...dimensions.slice(start, start + most), ...dimensions.slice(0, start)]
  return fitted(interleave(turned.slice(0, most), most).map(toWire), maxBytes)
}

/** Takes the first of each list, then the second of each, and so on, up to `count`. */
export function interleave<T>(lists: readonly (readonly T[])[], count: number): T[] {
  const chosen: T[] = []
  let remaining = lists
  for (let rank = 0; remaining.length > 0 && chosen.length < count; rank += 1) {
    remaining = remaining.filter((list) => list.length > rank)
    for (const list of remaining) chosen.push(...list.slice(rank, rank + 1))
  }
  return chosen.slice(0, count)
}

/** Entries by dimension, in the order in which dimensions appear, best first within each. */
export function byDimension<T extends Place>(entries: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const entry of entries) {
    if (entry.metric.length > NAME_MAX_CHARS || !Number.isFinite(entry.value)) continue
    const key = dimensionKey(entry)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [entry])
    else group.push(entry)
  }
  for (const group of groups.values()) group.sort(comparePlaces)
  return groups
}

/** The tags of an entry that the wire takes. */
export function tagsOnWire(tags: readonly string[]): readonly string[] {
  return tags.filter((tag) => tag.length <= NAME_MAX_CHARS).slice(0, ENTRY_TAGS_MAX)
}

function toWire({ metric, value, cid, direction, tags }: LocalEntry): DigestEntry {
  const sent = [...tagsOnWire(tags)]
  return { metric, value, cid, direction, ...(sent.length > 0 && { tags: sent }) }
}

function fitted(entries: readonly DigestEntry[], maxBytes: number): DigestEntry[] {
  const kept = entries.map((entry) => ({ entry, bytes: bytesOf(entry) }))
  let total = kept.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const item of kept.toReversed()) {
    if (total <= maxBytes) break
    const { tags: _dropped, ...rest } = item.entry
    total -= item.bytes
    Object.assign(item, { entry: rest, bytes: bytesOf(rest) })
    total += item.bytes
  }
  while (total > maxBytes && kept.length > 0) total -= kept.pop()?.bytes ?? 0
  return kept.map(({ entry }) => entry)
}

/** Bytes of the entry in a JSON list, its comma included. */
function bytesOf(entry: DigestEntry): number {
  return Buffer.byteLength(JSON.stringify(entry)) + 1
}

/** The message with at most this many entries, and ids for the rest. */
export function firstEntries(message: GossipMessage, most: number): GossipMessage {
  const { frontier, digest } = message
  const entries = frontier.slice(0, most)
  if (digest?.ihave === undefined) return { ...message, frontier: entries }
  const ihave = digest.ihave.slice(0, Math.max(0, most - entries.length))
  return { ...message, frontier: entries, digest: { ...digest, ihave } }
}
