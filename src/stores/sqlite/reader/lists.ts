import { type Cid, cidToBytes } from '../../../core/cid.ts'
import type { RelationType } from '../../../core/contribution/schema.ts'
import type { Filter } from '../../../core/wire/frontier.ts'
import type { Page, ThreadsQuery } from '../../../ports/graph-index.ts'
import type { Connection } from '../database/connection.ts'
import { countContributions } from '../tables/log.ts'
import type { Facets, Matching } from './facets.ts'
import { keepFirst } from './keep-first.ts'
import type { Watch } from './watch.ts'

/** A page of row numbers, and how many rows there are in all. */
export interface PageOfIds {
  readonly ids: readonly number[]
  readonly total: number
}

/** A page of the matching row numbers, oldest first, ties by cid. */
export function listIds(
  connection: Connection,
  facets: Facets,
  { filter, page }: { readonly filter: Filter; readonly page: Page },
  watch: Watch,
): PageOfIds {
  const matching = facets.matching(filter)
  const all = countContributions(connection)
  if (matching === undefined) return { ids: oldest(connection, page), total: all }
  const total = matching.size
  const { offset } = page
  const limit = Math.min(page.limit, total - offset)
  if (limit <= 0) return { ids: [], total }
  const find = isScanned(offset + limit, all, total) ? indexScan : sorted
  return { ids: find(connection, matching, { limit, offset }, watch), total }
}

/**
 * Whether all rows are scanned in order up to the last that is wanted, instead of sorting those
 * that match: where that is sooner, if matches are spread evenly, and where those are too many.
 */
function isScanned(wanted: number, all: number, matching: number): boolean {
  return matching > SORTED_MAX_ROWS || wanted * all <= matching * matching
}

interface IdRow {
  readonly id: number
}

interface AgedRow extends IdRow {
  readonly created_ms: number
  readonly cid: Uint8Array
}

/** Matching contributions whose rows are read at once. */
const PIECE_ROWS = 1_024
/** Rows that are sorted at most: they take some 20 MiB. */
const SORTED_MAX_ROWS = 100_000

const BY_AGE = 'ORDER BY created_ms, cid'

function oldest(connection: Connection, { limit, offset }: Page): number[] {
  return connection
    .sql<[number, number], number>(
      `SELECT id FROM contribution WHERE alive() ${BY_AGE} LIMIT ? OFFSET ?`,
    )
    .pluck()
    .all(limit, offset)
}

function sorted(connection: Connection, matching: Matching, page: Page, watch: Watch): number[] {
  const rows: AgedRow[] = []
  const select = connection.sql<[string], AgedRow>(`
    SELECT c.id, c.created_ms, c.cid
    FROM json_each(?) j CROSS JOIN contribution c ON c.id = j.value`)
  for (const ids of matching.pieces(PIECE_ROWS)) {
    watch.check()
    for (const row of select.iterate(JSON.stringify(ids))) rows.push(row)
  }
  return rows
    .sort((a, b) => a.created_ms - b.created_ms || Buffer.compare(a.cid, b.cid))
    .slice(page.offset, page.offset + page.limit)
    .map(({ id }) => id)
}

function indexScan(
  connection: Connection,
  matching: Matching,
  { limit, offset }: Page,
  watch: Watch,
): number[] {
  const ids: number[] = []
  let left = offset
  const rows = connection.sql<[], number>(`SELECT id FROM contribution ${BY_AGE}`).pluck()
  for (const id of rows.iterate()) {
    if (ids.length >= limit) break
    watch.check()
    if (!matching.has(id)) continue
    if (left > 0) left--
    else ids.push(id)
  }
  return ids
}

/** A page of the contributions with an edge to this one, newest first, and how many there are. */
export function relatedIds(
  connection: Connection,
  target: Cid,
  types: readonly RelationType[],
  { limit, offset }: Page,
): PageOfIds {
  const sources = `
    FROM (SELECT DISTINCT source FROM edge
          WHERE target = ? AND type IN (${types.map(() => '?').join(', ')})) e
    CROSS JOIN contribution c ON c.cid = e.source
    WHERE alive()`
  const chosen = [cidToBytes(target), ...types]
  const rows = connection
    .sql<unknown[], IdRow>(
      `SELECT c.id ${sources} ORDER BY c.created_ms DESC, c.cid LIMIT ? OFFSET ?`,
    )
    .all(...chosen, limit, offset)
  const total = connection
    .sql<unknown[], number>(`SELECT count(*) ${sources}`)
    .pluck()
    .get(...chosen)
  return { ids: rows.map(({ id }) => id), total: total ?? 0 }
}

interface RepliesRow extends IdRow {
  readonly replies: number
  readonly last_reply_ms: number
}

/** The root of a thread by its row. */
export interface ThreadId {
  readonly id: number
  readonly replyCount: number
  readonly lastReplyAt: number | undefined
}

const THREADS = `
  SELECT c.id, s.replies, s.last_reply_ms
  FROM signal_total s CROSS JOIN contribution c ON c.cid = s.cid
  WHERE s.replies > 0 AND NOT EXISTS (SELECT 1 FROM reply r WHERE r.cid = s.cid) AND alive()
  ORDER BY s.replies DESC, s.last_reply_ms DESC, s.cid`

/** The threads that a query asks for (`GraphIndex.threads`). */
export function listThreads(
  connection: Connection,
  facets: Facets,
  query: ThreadsQuery,
): ThreadId[] {
  const answered = answeredThreads(connection, facets, query)
  const left = query.limit - answered.length
  return query.unanswered !== true || left === 0
    ? answered
    : [...answered, ...unansweredThreads(connection, facets, { ...query, limit: left })]
}

/**
 * Contributions with replies that answer nothing held here: most replies first, then by the latest
 * reply, then by cid.
 */
function answeredThreads(
  connection: Connection,
  facets: Facets,
  { tags = [], limit }: ThreadsQuery,
): ThreadId[] {
  const matching = facets.matching({ tags: [...tags] })
  const threads: ThreadId[] = []
  for (const row of connection.sql<[], RepliesRow>(THREADS).iterate()) {
    if (threads.length >= limit) break
    if (matching !== undefined && !matching.has(row.id)) continue
    threads.push({ id: row.id, replyCount: row.replies, lastReplyAt: row.last_reply_ms })
  }
  return threads
}

const UNANSWERED = `
  SELECT c.id, c.created_ms, c.cid
  FROM json_each(?) j CROSS JOIN contribution c ON c.id = j.value
  WHERE NOT EXISTS (SELECT 1 FROM reply r WHERE r.cid = c.cid)
    AND NOT EXISTS (SELECT 1 FROM signal_total s WHERE s.cid = c.cid AND s.replies > 0)
    AND alive()`

/** Discussions without replies that answer nothing held here, the newest first, ties by cid. */
function unansweredThreads(
  connection: Connection,
  facets: Facets,
  { tags = [], limit }: ThreadsQuery,
): ThreadId[] {
  const matching = facets.matching({ kind: 'discussion', tags: [...tags] })
  const rows: AgedRow[] = []
  for (const ids of matching?.pieces(PIECE_ROWS) ?? []) {
    rows.push(...connection.sql<[string], AgedRow>(UNANSWERED).all(JSON.stringify(ids)))
    keepFirst(rows, limit, (a, b) => b.created_ms - a.created_ms || Buffer.compare(a.cid, b.cid))
  }
  return rows.map(({ id }) => ({ id, replyCount: 0, lastReplyAt: undefined }))
}
