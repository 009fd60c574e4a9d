import type { Filter } from '../../../core/wire/frontier.ts'
import { facetsOfFilter } from '../../filter.ts'
import { SEARCH_COMMON_ROWS, type Term, termsOfQuery } from '../../words.ts'
import type { Connection } from '../database/connection.ts'
import { lastSeq } from '../tables/log.ts'
import { WordIndex } from '../tables/word-index.ts'
import type { Watch } from './watch.ts'

/** Rows that a search of common words looks through at once. */
const SLICE_ROWS = 65_536

interface Search {
  readonly text: string
  readonly filter: Filter
  readonly limit: number
  /** From how many rows on a word is common. */
  readonly commonRows?: number
}

/** What a search finds, and whether common words took no part in its order. */
export interface FoundIds {
  readonly ids: readonly number[]
  readonly isBounded: boolean
}

/** The full-text index, with what a search of it needs. */
interface Index {
  readonly connection: Connection
  readonly table: string
  readonly watch: Watch
}

/**
 * The contributions that have every word. Best match (BM25) first, ties by cid: but ranking costs
 * as much as the rows that have a word, so that only words that few have take part in it. Where
 * all words are common, the newest are first.
 */
export function searchIds(
  connection: Connection,
  { text, filter, limit, commonRows = SEARCH_COMMON_ROWS }: Search,
  watch: Watch,
): FoundIds {
  const terms = termsOfQuery(text)
  if (terms.length === 0) return { ids: [], isBounded: false }
  const index = { connection, watch, table: new WordIndex(connection).table }
  const facets = facetQuery(filter)
  const whole = `${wordQuery(terms)}${facets === undefined ? '' : ` AND ${facets}`}`
  const rare = terms.filter((term) => isRare(index, term, commonRows))
  if (rare.length === 0) return { ids: newest(index, whole, limit), isBounded: true }
  if (rare.length === terms.length)
    return { ids: best(index, scored(index, whole), limit), isBounded: false }
  const matching = new Set(rowsOf(index, whole))
  const rows = scored(index, wordQuery(rare)).filter(({ id }) => matching.has(id))
  return { ids: best(index, rows, limit), isBounded: true }
}

function wordQuery(terms: readonly Term[]): string {
  const quoted = terms.map(({ word, isPrefix }) => `"${word}"${isPrefix ? ' *' : ''}`)
  return `words : (${quoted.join(' ')})`
}

/** The facets of a filter as a full-text query; undefined where it has none. */
function facetQuery(filter: Filter): string | undefined {
  const facets = facetsOfFilter(filter)
  if (facets.length === 0) return undefined
  // An empty choice matches nothing: no facet is a single letter.
  const choices = facets.map(
    (words) => `(${(words.length === 0 ? ['x'] : words).map((word) => `"${word}"`).join(' OR ')})`,
  )
  return `facets : (${choices.join(' AND ')})`
}

function isRare({ connection, table, watch }: Index, term: Term, commonRows: number): boolean {
  watch.check()
  const rows = connection
    .sql<[string, number], number>(
      `SELECT count(*) FROM (SELECT 1 FROM ${table} WHERE ${table} MATCH ? LIMIT ?)`,
    )
    .pluck()
    .get(wordQuery([term]), commonRows + 1)
  return (rows ?? 0) <= commonRows
}

function rowsOf({ connection, table, watch }: Index, query: string): number[] {
  const ids: number[] = []
  const rows = connection
    .sql<[string], number>(`SELECT rowid FROM ${table} WHERE ${table} MATCH ?`)
    .pluck()
  for (const id of rows.iterate(query)) {
    watch.check()
    ids.push(id)
  }
  return ids
}

interface ScoredRow {
  readonly id: number
  /** Lower is better. */
  readonly score: number
}

function scored({ connection, table, watch }: Index, query: string): ScoredRow[] {
  const found: ScoredRow[] = []
  const rows = connection.sql<[string], ScoredRow>(
    `SELECT rowid AS id, bm25(${table}, 1, 0) AS score FROM ${table} WHERE ${table} MATCH ?`,
  )
  for (const row of rows.iterate(query)) {
    watch.check()
    found.push(row)
  }
  return found
}

/** The best rows. The cids are read of those only that may be among them. */
function best({ connection }: Index, rows: readonly ScoredRow[], limit: number): number[] {
  const sorted = rows.toSorted((a, b) => a.score - b.score)
  const last = sorted[limit - 1]?.score ?? Number.POSITIVE_INFINITY
  const cidOf = connection
    .sql<[number], Uint8Array>('SELECT cid FROM contribution WHERE id = ?')
    .pluck()
  return sorted
    .filter(({ score }) => score <= last)
    .map((row) => ({ ...row, cid: cidOf.get(row.id) ?? new Uint8Array() }))
    .sort((a, b) => a.score - b.score || Buffer.compare(a.cid, b.cid))
    .slice(0, limit)
    .map(({ id }) => id)
}

function newest({ connection, table, watch }: Index, query: string, limit: number): number[] {
  const ids: number[] = []
  const rows = connection
    .sql<[string, number, number, number], number>(
      `SELECT rowid FROM ${table} WHERE ${table} MATCH ? AND rowid BETWEEN ? AND ?
       ORDER BY rowid DESC LIMIT ?`,
    )
    .pluck()
  for (let last = lastSeq(connection); last > 0 && ids.length < limit; last -= SLICE_ROWS) {
    watch.check()
    ids.push(...rows.all(query, last - SLICE_ROWS + 1, last, limit - ids.length))
  }
  return ids
}
