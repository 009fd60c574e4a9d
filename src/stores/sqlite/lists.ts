import type { Filter } from '../../core/wire.ts'
import type { Page, ThreadSummary } from '../../ports/graph-store.ts'
import { ALL, facetsOfFilter } from '../filter.ts'
import { wordsOfQuery } from '../words.ts'
import type { Contributions } from './contributions.ts'
import { hasFacets, select } from './facets.ts'
import type { Session } from './session.ts'

/** A page of row numbers, oldest first, ties by cid, and how many match in all: walks the rarest facet in its order. */
export function listIds(
  session: Session,
  contributions: Contributions,
  filter: Filter,
  page: Page,
): { ids: number[]; total: number } {
  const { facets } = select(session, filter)
  const [first, ...rest] = facets
  const meant = `f.facet = ? ${hasFacets(rest.length, 'f.contribution', 'f.created_ms')}`
  const rows = session
    .sql<unknown[], { id: number }>(
      `SELECT c.id FROM facet f CROSS JOIN contribution c ON c.id = f.contribution
       WHERE ${meant} ORDER BY f.created_ms, c.cid LIMIT ? OFFSET ?`,
    )
    .all(...facets, page.limit, page.offset)
  const total = first === ALL ? contributions.count() : countOf(session, meant, facets)
  return { ids: rows.map(({ id }) => id), total }
}

function countOf(session: Session, meant: string, facets: readonly string[]): number {
  return (
    session.sql<unknown[], { n: number }>(`SELECT count(*) AS n FROM facet f WHERE ${meant}`).get(...facets)?.n ?? 0
  )
}

/** Row numbers of what has every word, best match (BM25) first, ties by cid. */
export function searchIds(session: Session, text: string, filter: Filter, limit: number): number[] {
  const words = wordsOfQuery(text)
  if (words.length === 0) return []
  const facets = facetsOfFilter(filter).filter((facet) => facet !== ALL)
  const rows = session
    .sql<unknown[], { id: number }>(
      `SELECT c.id FROM word CROSS JOIN contribution c ON c.id = word.rowid
       WHERE word MATCH ? ${hasFacets(facets.length, 'c.id', 'c.created_ms')} ORDER BY bm25(word), c.cid LIMIT ?`,
    )
    .all(words.map((word) => `"${word}"`).join(' '), ...facets, limit)
  return rows.map(({ id }) => id)
}

/** Roots with replies, most replies first, then the latest reply, then cid. */
export function listThreads(
  session: Session,
  contributions: Contributions,
  { tags = [], limit }: { tags?: readonly string[]; limit: number },
): ThreadSummary[] {
  const facets = facetsOfFilter({ tags: [...tags] }).filter((facet) => facet !== ALL)
  const rows = session
    .sql<unknown[], { id: number; replies: number; last_reply_ms: number }>(
      `SELECT c.id, s.replies, s.last_reply_ms FROM standing s CROSS JOIN contribution c ON c.cid = s.cid
       WHERE s.replies > 0 ${hasFacets(facets.length, 'c.id', 'c.created_ms')}
       ORDER BY s.replies DESC, s.last_reply_ms DESC, s.cid LIMIT ?`,
    )
    .all(...facets, limit)
  return rows.map((row) => ({
    root: contributions.at(row.id),
    replyCount: row.replies,
    lastReplyAt: row.last_reply_ms,
  }))
}
