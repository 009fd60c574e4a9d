import type { Cid } from '../../core/cid.ts'
import { viewOf } from '../../core/contribution/contribution.ts'
import { REPLY_KINDS } from '../../core/contribution/relation.ts'
import type { Visit } from '../../core/contribution/walk.ts'
import { GroveError } from '../../core/errors.ts'
import { timestamp } from '../../core/time.ts'
import type { Thread, ThreadNode, ThreadSummary } from '../../core/wire/threads.ts'
import type { ReadOptions, ThreadsQuery } from '../../ports/graph-index.ts'
import type { ReadContext } from '../context.ts'
import { readEach } from '../read-each.ts'
import { contributionOf } from './queries.ts'
import { saidUpTo } from './said-in-turns.ts'

/** Contributions of one thread that are walked through for one answer. */
export const THREAD_MAX = 20_000

export interface ThreadPage {
  /** The most steps from the root. */
  readonly maxDepth: number
  /** The most contributions of the answer. */
  readonly limit: number
  /** The last contribution of the answer before. */
  readonly after?: Cid
}

/**
 * A contribution, its replies, their replies and so on, by depth: a page of them. Throws
 * `not-found`, also where `after` is not in the thread.
 */
export async function thread(
  node: ReadContext,
  cid: Cid,
  { maxDepth, limit, after }: ThreadPage,
): Promise<Thread> {
  await contributionOf(node, cid)
  const { visits, isCut } = await walk(node, cid, maxDepth)
  const start = after === undefined ? 0 : visits.findIndex((visit) => visit.cid === after) + 1
  if (after !== undefined && start === 0)
    throw new GroveError(
      'not-found',
      { cid, after },
      { message: `${after} is not in the thread of ${cid}` },
    )
  const page = visits.slice(start, start + limit)
  const last = page.at(-1)
  const isMore = start + limit < visits.length
  const nodes = await nodesOf(node, page)
  return {
    nodes,
    count: nodes.length,
    ...(isMore && last !== undefined ? { next: last.cid } : {}),
    ...(isCut && !isMore ? { cut: true as const } : {}),
  }
}

async function nodesOf(node: ReadContext, page: readonly Visit[]): Promise<ThreadNode[]> {
  const depths = new Map(page.map((visit) => [visit.cid, visit.depth]))
  const nodes: ThreadNode[] = []
  for await (const stored of readEach(node, depths.keys()))
    nodes.push({
      cid: stored.cid,
      depth: depths.get(stored.cid) ?? 0,
      contribution: viewOf(stored),
    })
  return nodes
}

/** Contributions with replies, most replies first; then, if asked for, unanswered discussions. */
export async function threads(
  node: ReadContext,
  query: ThreadsQuery,
  options?: ReadOptions,
): Promise<ThreadSummary[]> {
  const ranked = await node.index.threads(query, options)
  return ranked.map(({ root, replyCount, lastReplyAt }) => ({
    cid: root.cid,
    replyCount,
    ...(lastReplyAt !== undefined && { lastReplyAt: timestamp(lastReplyAt) }),
    contribution: viewOf(root),
  }))
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
