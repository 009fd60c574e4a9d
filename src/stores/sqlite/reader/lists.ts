import { type Cid, cidToBytes } from '../../../core/cid.ts'
import type { RelationType } from '../../../core/contribution/schema.ts'
import type { Age, ThreadPlace } from '../../../core/ranking/cursor.ts'
import type { Filter } from '../../../core/wire/frontier.ts'
import type { AgedPage, Page, ThreadsQuery } from '../../../ports/graph-index.ts'
import type { Connection } from '../database/connection.ts'
import { countContributions } from '../tables/log.ts'
import { type Facets, Matching } from './facets.ts'
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
  if (matching !== undefined)
    return new AgedRows({ connection, matching, watch }).page(page, OLDEST_FIRST)
  const total = countContributions(connection)
  return { ids: pageOfAll({ connection, page, total, watch }), total }
}

/** A page of all rows, each step of which is by its place in the index. */
function pageOfAll({ connection, page, total, watch }: PageOfAll): number[] {
  const { limit, offset, after } = page
  const rows = Math.min(limit, total - offset)
  const left = total - offset - rows
  const isNearEnd = after === undefined && left < offset
  const order = isNearEnd ? LAST_FIRST : OLDEST_FIRST
  let place = startOf(order, after)
  for (let skip = isNearEnd ? left : offset; skip > 0; skip -= SLICE_ROWS) {
    watch.check()
    const next = connection
      .sql<unknown[], AgePlace>(
        `SELECT created_ms, cid FROM contribution
         WHERE ${order.rest} ORDER BY ${order.by} LIMIT 1 OFFSET ?`,
      )
      .get(place, Math.min(skip, SLICE_ROWS) - 1)
    if (next === undefined) return []
    place = next
  }
  watch.check()
  const ids = rowsAfter(connection, order, place, Math.max(0, isNearEnd ? rows : limit))
  return isNearEnd ? ids.reverse() : ids
}

interface PageOfAll {
  readonly connection: Connection
  readonly page: Page
  readonly total: number
  readonly watch: Watch
}

interface AgePlace {
  readonly created_ms: number
  readonly cid: Uint8Array
}

interface IdRow {
  readonly id: number
}

interface AgedRow extends IdRow, AgePlace {}

/** An order by age in SQL and as a comparison: what it has after a place, and where it begins. */
interface Order {
  readonly rest: string
  readonly by: string
  readonly start: AgePlace
  readonly compare: (a: AgePlace, b: AgePlace) => number
}

const OLDEST_FIRST: Order = {
  rest: '(created_ms, cid) > (@created_ms, @cid)',
  by: 'created_ms, cid',
  start: { created_ms: -Number.MAX_SAFE_INTEGER, cid: new Uint8Array() },
  compare: compareAges,
}
const NEWEST_FIRST: Order = {
  rest: 'created_ms <= @created_ms AND (created_ms < @created_ms OR cid > @cid)',
  by: 'created_ms DESC, cid',
  start: { created_ms: Number.MAX_SAFE_INTEGER, cid: new Uint8Array() },
  compare: compareNewest,
}
/** The oldest first, from its end. */
const LAST_FIRST: Order = {
  rest: '(created_ms, cid) < (@created_ms, @cid)',
  by: 'created_ms DESC, cid DESC',
  start: NEWEST_FIRST.start,
  compare: (a, b) => compareAges(b, a),
}

/** Rows of the age index that are read at once, a few milliseconds; at first fewer. */
const SLICE_ROWS = 65_536
const FIRST_SLICE_ROWS = 1_024
const SLICE_GROWTH = 4
/** Matching contributions whose rows are read at once. */
const PIECE_ROWS = 1_024
/** Rows that are sorted at most: they take some 20 MiB. */
const SORTED_MAX_ROWS = 100_000
/** A scan that has read so many times the rows that it should take is ended. */
const SCAN_PATIENCE = 8

const startOf = (order: Order, after: Age | undefined): AgePlace =>
  after === undefined ? order.start : { created_ms: after.createdMs, cid: cidToBytes(after.cid) }

/** The rows after a place, as one text: a row each would cost several times as much. */
function rowsAfter(connection: Connection, order: Order, place: AgePlace, limit: number): number[] {
  const text = connection
    .sql<unknown[], string>(
      `SELECT json_group_array(id) FROM (
         SELECT id FROM contribution WHERE ${order.rest} ORDER BY ${order.by} LIMIT ?)`,
    )
    .pluck()
    .get(place, limit)
  return JSON.parse(text ?? '[]') as number[]
}

interface Aged {
  readonly connection: Connection
  readonly matching: Matching
  readonly watch: Watch
}

/** Pages of the rows that match, by age. */
class AgedRows {
  readonly #connection: Connection
  readonly #matching: Matching
  readonly #watch: Watch

  constructor({ connection, matching, watch }: Aged) {
    this.#connection = connection
    this.#matching = matching
    this.#watch = watch
  }

  page(page: Page, order: Order): PageOfIds {
    const total = this.#matching.size
    const { offset, after } = page
    const limit = Math.min(page.limit, total - offset)
    if (limit <= 0) return { ids: [], total }
    const left = total - offset - limit
    const isNearEnd = order === OLDEST_FIRST && after === undefined && left < offset
    if (!isNearEnd) return { ids: this.#find({ limit, offset, after }, order), total }
    return { ids: this.#find({ limit, offset: left, after }, LAST_FIRST).reverse(), total }
  }

  /**
   * By a scan of all rows in their order, where that is sooner, if matches are spread evenly, than
   * to sort those that match; and where those are too many to be sorted.
   */
  #find(page: Page, order: Order): number[] {
    const matching = this.#matching.size
    if (matching > SORTED_MAX_ROWS) return this.#scan(page, order) ?? []
    const even = ((page.offset + page.limit) * countContributions(this.#connection)) / matching
    const found = even <= matching ? this.#scan(page, order, SCAN_PATIENCE * even) : undefined
    return found ?? this.#sort(page, order)
  }

  /** Undefined where it would take more than so many rows. */
  #scan(
    { limit, offset, after }: Page,
    order: Order,
    most = Number.POSITIVE_INFINITY,
  ): number[] | undefined {
    const ids: number[] = []
    let skip = offset
    let place: AgePlace | undefined = startOf(order, after)
    let rows = FIRST_SLICE_ROWS
    for (let read = 0; place !== undefined && ids.length < limit; read += rows) {
      if (read > most) return undefined
      this.#watch.check()
      rows = Math.min(SLICE_ROWS, read === 0 ? rows : rows * SLICE_GROWTH)
      const slice = rowsAfter(this.#connection, order, place, rows)
      const found = slice.filter((id) => this.#matching.has(id))
      for (const id of found.slice(skip, skip + limit - ids.length)) ids.push(id)
      skip = Math.max(0, skip - found.length)
      place = slice.length < rows ? undefined : this.#placeOf(slice.at(-1))
    }
    return ids
  }

  #placeOf(id: number | undefined): AgePlace | undefined {
    return this.#connection
      .sql<unknown[], AgePlace>('SELECT created_ms, cid FROM contribution WHERE id = ?')
      .get(id)
  }

  #sort({ limit, offset, after }: Page, order: Order): number[] {
    const start = startOf(order, after)
    const rows: AgedRow[] = []
    const select = this.#connection.sql<[string], AgedRow>(`
      SELECT c.id, c.created_ms, c.cid
      FROM json_each(?) j CROSS JOIN contribution c ON c.id = j.value`)
    for (const ids of this.#matching.pieces(PIECE_ROWS)) {
      this.#watch.check()
      for (const row of select.iterate(JSON.stringify(ids)))
        if (order.compare(row, start) > 0) rows.push(row)
    }
    return rows
      .sort(order.compare)
      .slice(offset, offset + limit)
      .map(({ id }) => id)
  }
}

function compareAges(a: AgePlace, b: AgePlace): number {
  return a.created_ms - b.created_ms || Buffer.compare(a.cid, b.cid)
}

function compareNewest(a: AgePlace, b: AgePlace): number {
  return b.created_ms - a.created_ms || Buffer.compare(a.cid, b.cid)
}

/**
 * A page of the contributions with an edge to this one, by age, and how many there are. An edge has
 * the row number of its source.
 */
export function relatedIds(
  connection: Connection,
  { target, types }: { readonly target: Cid; readonly types: readonly RelationType[] },
  { oldestFirst = false, ...page }: AgedPage,
  watch: Watch,
): PageOfIds {
  const text = connection
    .sql<unknown[], string>(
      `SELECT json_group_array(seq) FROM edge
       WHERE target = ? AND type IN (${types.map(() => '?').join(', ')}) AND alive()`,
    )
    .pluck()
    .get(cidToBytes(target), ...types)
  const matching = Matching.of(JSON.parse(text ?? '[]') as number[])
  const rows = new AgedRows({ connection, matching, watch })
  return rows.page(page, oldestFirst ? OLDEST_FIRST : NEWEST_FIRST)
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
