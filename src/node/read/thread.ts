import type { Cid } from '../../core/cid.ts'
import { REPLY_KINDS } from '../../core/contribution/relation.ts'
import type { Visit } from '../../core/contribution/walk.ts'
import { GroveError } from '../../core/errors.ts'
import { threadPlaceIn, threadPlaceOf, threadText } from '../../core/ranking/cursor.ts'
import { timestamp } from '../../core/time.ts'
import type { ThreadSummary } from '../../core/wire/threads.ts'
import type { ListEntry } from '../../ports/contribution-store.ts'
import type { RankedThread, ReadOptions, ThreadsQuery } from '../../ports/graph-index.ts'
import type { ReadContext } from '../context.ts'
import { cutPart, type ListPart, type PartOf } from './lists.ts'
import { contributionOf } from './queries.ts'
import { saidUpTo } from './said-in-turns.ts'

/** Contributions of one thread that are walked through for one answer. */
export const THREAD_MAX = 20_000

interface ThreadPart extends Omit<PartOf, 'after'> {
  /** The most steps from the root. */
  readonly maxDepth: number
  /** The last contribution of the answer before. */
  readonly after?: Cid
}

/** A contribution of a thread, still to be read. */
interface ListedVisit {
  readonly row: ListEntry
  /** Steps from the root. */
  readonly depth: number
}

/**
 * A contribution, its replies, their replies and so on, by depth: a part of them. It is `cut` where
 * it ends though there are replies beyond. Throws `not-found`, also where `after` is not in the
 * thread.
 */
export async function thread(
  node: ReadContext,
  cid: Cid,
  { maxDepth, after, ...part }: ThreadPart,
): Promise<ListPart<ListedVisit> & { readonly isCut: boolean }> {
  await contributionOf(node, cid)
  const { visits, isCut } = await walk(node, cid, maxDepth)
  const start = after === undefined ? 0 : visits.findIndex((visit) => visit.cid === after) + 1
  if (after !== undefined && start === 0)
    throw new GroveError(
      'not-found',
      { cid, after },
      { message: `${after} is not in the thread of ${cid}` },
    )
  const found = new Map(
    visits.slice(start, start + part.limit + 1).map((visit) => [visit.cid, visit.depth]),
  )
  const listed = await node.contributions.listed([...found.keys()])
  const cut = cutPart(
    listed.map((row) => ({ row, depth: found.get(row.cid) ?? 0 })),
    part,
    { sizeOf: ({ row }) => row.sizeBytes, placeOf: ({ row }) => row.cid },
  )
  return { ...cut, isCut: isCut && cut.next === undefined }
}

/**
 * A part of the contributions with replies, most replies first; then, if asked for, unanswered
 * discussions.
 */
export async function threads(
  node: ReadContext,
  { after, ...query }: Omit<ThreadsQuery, 'after'> & PartOf,
  options?: ReadOptions,
): Promise<ListPart<RankedThread>> {
  const { limit } = query
  const place = after === undefined ? undefined : threadPlaceIn(after)
  const found = await node.index.threads({ ...query, limit: limit + 1, after: place }, options)
  return cutPart(found, query, {
    sizeOf: ({ root }) => root.sizeBytes,
    placeOf: (ranked) => threadText(threadPlaceOf(ranked)),
  })
}

/** A thread in a list, without its root. */
export function threadCounts({
  root,
  replyCount,
  lastReplyAt,
}: RankedThread): Omit<ThreadSummary, 'contribution'> {
  return {
    cid: root.cid,
    replyCount,
    ...(lastReplyAt !== undefined && { lastReplyAt: timestamp(lastReplyAt) }),
  }
}

/**
 * Breadth-first along the replies, and whether there are more than the walk may reach. Of replies
 * to one contribution the hosts that brought them take turns.
 */
async function walk(
  node: ReadContext,
  start: Cid,
  maxDepth: number,
): Promise<{ visits: Visit[]; isCut: boolean }> {
  const visits: Visit[] = [{ cid: start, depth: 0 }]
  const seen = new Set<Cid>([start])
  // Grows while it is gone through.
  for (const { cid, depth } of visits) {
    const limit = THREAD_MAX - visits.length + 1
    for (const reply of await repliesTo(node, cid, limit)) {
      if (seen.has(reply)) continue
      if (depth === maxDepth || visits.length === THREAD_MAX) return { visits, isCut: true }
      seen.add(reply)
      visits.push({ cid: reply, depth: depth + 1 })
    }
  }
  return { visits, isCut: false }
}

async function repliesTo(node: ReadContext, cid: Cid, limit: number): Promise<Cid[]> {
  const said = await saidUpTo(node, cid, REPLY_KINDS, limit)
  return said.map(({ source }) => source)
}
