import { type Cid, cidToBytes } from '../../../core/cid.ts'
import type { RelationType } from '../../../core/contribution/schema.ts'
import type { Age, ThreadPlace } from '../../../core/ranking/cursor.ts'
import type { Filter } from '../../../core/wire/frontier.ts'
import type { AgedPage, Page, ThreadsQuery } from '../../../ports/graph-index.ts'
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
  if (matching === undefined) return { ids: pageOfAll(connection, page, all), total: all }
  const total = matching.size
  const { offset, after } = page
  const limit = Math.min(page.limit, total - offset)
  if (limit <= 0) return { ids: [], total }
  const find = isScanned(offset + limit, all, total) ? indexScan : sorted
  return { ids: find(connection, matching, { limit, offset, after }, watch), total }
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

/** A place before that of any row. */
const BEFORE_ALL = [-Number.MAX_SAFE_INTEGER, new Uint8Array()] as const
const FOLLOWING = 'SELECT id FROM contribution WHERE (created_ms, cid) > (?, ?)'
const BY_AGE = 'ORDER BY created_ms, cid'

const placeOf = (after: Age | undefined) =>
  after === undefined ? BEFORE_ALL : ([after.createdMs, cidToBytes(after.cid)] as const)

/** A page by its place in the index, or by its offset from the nearer end. */
function pageOfAll(connection: Connection, { limit, offset, after }: Page, all: number): number[] {
  const left = all - offset - limit
  if (after === undefined && left < offset) return pageFromEnd(connection, limit, { offset, all })
  return connection
    .sql<unknown[], number>(`${FOLLOWING} AND alive() ${BY_AGE} LIMIT ? OFFSET ?`)
    .pluck()
    .all(...placeOf(after), limit, offset)
}

function pageFromEnd(
  connection: Connection,
  limit: number,
  { offset, all }: { readonly offset: number; readonly all: number },
): number[] {
  const rows = Math.min(limit, all - offset)
  if (rows <= 0) return []
  return connection
    .sql<[number, number], number>(
      `SELECT id FROM contribution WHERE alive()
       ORDER BY created_ms DESC, cid DESC LIMIT ? OFFSET ?`,
    )
    .pluck()
    .all(rows, all - offset - rows)
    .reverse()
}

function sorted(connection: Connection, matching: Matching, page: Page, watch: Watch): number[] {
  const [createdMs, cid] = placeOf(page.after)
  const after = { id: 0, created_ms: createdMs, cid }
  const rows: AgedRow[] = []
  const select = connection.sql<[string], AgedRow>(`
    SELECT c.id, c.created_ms, c.cid
    FROM json_each(?) j CROSS JOIN contribution c ON c.id = j.value`)
  for (const ids of matching.pieces(PIECE_ROWS)) {
    watch.check()
    for (const row of select.iterate(JSON.stringify(ids)))
      if (compareAges(row, after) > 0) rows.push(row)
  }
  return rows
    .sort(compareAges)
    .slice(page.offset, page.offset + page.limit)
    .map(({ id }) => id)
}

function indexScan(
  connection: Connection,
  matching: Matching,
  { limit, offset, after }: Page,
  watch: Watch,
): number[] {
  const ids: number[] = []
  let left = offset
  const rows = connection.sql<unknown[], number>(`${FOLLOWING} ${BY_AGE}`).pluck()
  for (const id of rows.iterate(...placeOf(after))) {
    if (ids.length >= limit) break
    watch.check()
    if (!matching.has(id)) continue
    if (left > 0) left--
    else ids.push(id)
  }
  return ids
}

function compareAges(a: AgedRow, b: AgedRow): number {
  return a.created_ms - b.created_ms || Buffer.compare(a.cid, b.cid)
}

/** A page of the contributions with an edge to this one, by age, and how many there are. */
export function relatedIds(
  connection: Connection,
  target: Cid,
  types: readonly RelationType[],
  { limit, offset, after, oldestFirst = false }: AgedPage,
): PageOfIds {
  const sources = `
    FROM (SELECT DISTINCT source FROM edge
          WHERE target = ? AND type IN (${types.map(() => '?').join(', ')})) e
    CROSS JOIN contribution c ON c.cid = e.source
    WHERE alive()`
  const chosen = [cidToBytes(target), ...types]
  const [order, follows] = oldestFirst ? ['ASC', '>'] : ['DESC', '<']
  const only = `(c.created_ms ${follows} ? OR c.created_ms = ? AND c.cid > ?)`
  const rows = connection
    .sql<unknown[], IdRow>(
      `SELECT c.id ${sources} ${after === undefined ? '' : `AND ${only}`}
       ORDER BY c.created_ms ${order}, c.cid LIMIT ? OFFSET ?`,
    )
    .all(
      ...chosen,
      ...(after === undefined ? [] : [after.createdMs, ...placeOf(after)]),
      limit,
      offset,
    )
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
  WHERE s.replies > 0 AND s.replies <= @replies
    AND (s.replies < @replies OR s.last_reply_ms < @lastMs
      OR s.last_reply_ms = @lastMs AND s.cid > @cid)
    AND NOT EXISTS (SELECT 1 FROM reply r WHERE r.cid = s.cid) AND alive()
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
  { tags = [], limit, after }: ThreadsQuery,
): ThreadId[] {
  const matching = facets.matching({ tags: [...tags] })
  const threads: ThreadId[] = []
  for (const row of connection.sql<[object], RepliesRow>(THREADS).iterate(boundsOf(after))) {
    if (threads.length >= limit) break
    if (matching !== undefined && !matching.has(row.id)) continue
    threads.push({ id: row.id, replyCount: row.replies, lastReplyAt: row.last_reply_ms })
  }
  return threads
}

/** Those that follow this thread; without it, all. */
function boundsOf(after: ThreadPlace | undefined): object {
  return after === undefined
    ? { replies: Number.MAX_SAFE_INTEGER, lastMs: Number.MAX_SAFE_INTEGER, cid: new Uint8Array() }
    : { replies: after.replies, lastMs: after.lastMs, cid: cidToBytes(after.cid) }
}

const UNANSWERED = `
  SELECT c.id, c.created_ms, c.cid
  FROM json_each(?) j CROSS JOIN contribution c ON c.id = j.value
  WHERE NOT EXISTS (SELECT 1 FROM reply r WHERE r.cid = c.cid)
    AND NOT EXISTS (SELECT 1 FROM signal_total s WHERE s.cid = c.cid AND s.replies > 0)
    AND alive()`

function compareNewest(a: AgedRow, b: AgedRow): number {
  return b.created_ms - a.created_ms || Buffer.compare(a.cid, b.cid)
}

/** Discussions without replies that answer nothing held here, the newest first, ties by cid. */
function unansweredThreads(
  connection: Connection,
  facets: Facets,
  { tags = [], limit, after }: ThreadsQuery,
): ThreadId[] {
  const matching = facets.matching({ kind: 'discussion', tags: [...tags] })
  const rows: AgedRow[] = []
  const last = after?.replies === 0 ? after : undefined
  const start = last && { id: 0, created_ms: last.lastMs, cid: cidToBytes(last.cid) }
  for (const ids of matching?.pieces(PIECE_ROWS) ?? []) {
    const found = connection.sql<[string], AgedRow>(UNANSWERED).all(JSON.stringify(ids))
    rows.push(...found.filter((row) => start === undefined || compareNewest(row, start) > 0))
    keepFirst(rows, limit, compareNewest)
  }
  return rows.map(({ id }) => ({ id, replyCount: 0, lastReplyAt: undefined }))
}
