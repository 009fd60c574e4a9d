import { type Cid, cidToBytes } from '../../../core/cid.ts'
import type { RelationType } from '../../../core/contribution/schema.ts'
import type { Filter } from '../../../core/wire/frontier.ts'
import type { Page, RankedThread, ThreadsQuery } from '../../../ports/graph-index.ts'
import { termsOfQuery } from '../../words.ts'
import type { Connection } from '../database/connection.ts'
import type { Contributions } from '../tables/contributions.ts'
import { WordIndex } from '../tables/word-index.ts'
import { facetQuery, isScanFaster, matchingRows } from './matching.ts'

/** A page of the matching row numbers, oldest first, ties by cid, and how many match in all. */
export function listIds(
  connection: Connection,
  contributions: Contributions,
  filter: Filter,
  { limit, offset }: Page,
): { ids: number[]; total: number } {
  const matching = matchingRows(connection, filter)
  const all = contributions.count()
  if (matching === undefined) return { ids: oldest(connection, limit, offset), total: all }
  const find = isScanFaster(offset + limit, all, matching.size) ? indexScan : sorted
  return { ids: find(connection, matching, limit, offset), total: matching.size }
}

interface IdRow {
  readonly id: number
}

const OLDEST = 'SELECT id FROM contribution ORDER BY created_ms, cid'

function oldest(connection: Connection, limit: number, offset: number): number[] {
  const rows = connection
    .sql<[number, number], IdRow>(`${OLDEST} LIMIT ? OFFSET ?`)
    .all(limit, offset)
  return rows.map(({ id }) => id)
}

function sorted(
  connection: Connection,
  matching: ReadonlySet<number>,
  limit: number,
  offset: number,
): number[] {
  const text = `
    SELECT c.id FROM json_each(?) j CROSS JOIN contribution c ON c.id = j.value
    ORDER BY c.created_ms, c.cid LIMIT ? OFFSET ?`
  const rows = connection
    .sql<[string, number, number], IdRow>(text)
    .all(JSON.stringify([...matching]), limit, offset)
  return rows.map(({ id }) => id)
}

function indexScan(
  connection: Connection,
  matching: ReadonlySet<number>,
  limit: number,
  offset: number,
): number[] {
  const ids: number[] = []
  let left = offset
  for (const { id } of connection.sql<[], IdRow>(OLDEST).iterate()) {
    if (ids.length >= limit) break
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
): { ids: number[]; total: number } {
  const sources = `
    FROM (SELECT DISTINCT source FROM edge
          WHERE target = ? AND type IN (${types.map(() => '?').join(', ')})) e
    CROSS JOIN contribution c ON c.cid = e.source`
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

/** Row numbers of the contributions that have every word, best match (BM25) first, ties by cid. */
export function searchIds(
  connection: Connection,
  text: string,
  filter: Filter,
  limit: number,
): number[] {
  const terms = termsOfQuery(text)
  if (terms.length === 0) return []
  const facets = facetQuery(filter)
  const { table } = new WordIndex(connection)
  const quoted = terms.map(({ word, isPrefix }) => `"${word}"${isPrefix ? ' *' : ''}`).join(' ')
  const query = `words : (${quoted})${facets === undefined ? '' : ` AND ${facets}`}`
  const search = `
    SELECT c.id FROM ${table} w CROSS JOIN contribution c ON c.id = w.rowid
    WHERE ${table} MATCH ? ORDER BY bm25(${table}, 1, 0), c.cid LIMIT ?`
  const rows = connection.sql<[string, number], IdRow>(search).all(query, limit)
  return rows.map(({ id }) => id)
}

interface ThreadRow extends IdRow {
  readonly replies: number
  readonly last_reply_ms: number
}

const THREADS = `
  SELECT c.id, s.replies, s.last_reply_ms
  FROM signal_total s CROSS JOIN contribution c ON c.cid = s.cid
  WHERE s.replies > 0 AND NOT EXISTS (SELECT 1 FROM reply r WHERE r.cid = s.cid)
  ORDER BY s.replies DESC, s.last_reply_ms DESC, s.cid`

/** The threads that a query asks for (`GraphIndex.threads`). */
export function listThreads(
  connection: Connection,
  contributions: Contributions,
  query: ThreadsQuery,
): RankedThread[] {
  const answered = answeredThreads(connection, contributions, query)
  const left = query.limit - answered.length
  return query.unanswered !== true || left === 0
    ? answered
    : [...answered, ...unansweredThreads(connection, contributions, { ...query, limit: left })]
}

/**
 * Contributions with replies that answer nothing held here: most replies first, then by the latest
 * reply, then by cid.
 */
function answeredThreads(
  connection: Connection,
  contributions: Contributions,
  { tags = [], limit }: ThreadsQuery,
): RankedThread[] {
  const matching = matchingRows(connection, { tags: [...tags] })
  const threads: RankedThread[] = []
  for (const row of connection.sql<[], ThreadRow>(THREADS).iterate()) {
    if (threads.length >= limit) break
    if (matching !== undefined && !matching.has(row.id)) continue
    const root = contributions.at(row.id)
    if (root === undefined) continue
    threads.push({ root, replyCount: row.replies, lastReplyAt: row.last_reply_ms })
  }
  return threads
}

/** Discussions without replies that answer nothing held here, the newest first, ties by cid. */
function unansweredThreads(
  connection: Connection,
  contributions: Contributions,
  { tags = [], limit }: ThreadsQuery,
): RankedThread[] {
  const facets = facetQuery({ kind: 'discussion', tags: [...tags] })
  if (facets === undefined) return []
  const { table } = new WordIndex(connection)
  const text = `
    SELECT c.id FROM ${table} w CROSS JOIN contribution c ON c.id = w.rowid
    WHERE ${table} MATCH ?
      AND NOT EXISTS (SELECT 1 FROM reply r WHERE r.cid = c.cid)
      AND NOT EXISTS (SELECT 1 FROM signal_total s WHERE s.cid = c.cid AND s.replies > 0)
    ORDER BY c.created_ms DESC, c.cid LIMIT ?`
  const rows = connection.sql<[string, number], IdRow>(text).all(facets, limit)
  return rows.flatMap(({ id }) => {
    const root = contributions.at(id)
    return root === undefined ? [] : [{ root, replyCount: 0, lastReplyAt: undefined }]
  })
}
