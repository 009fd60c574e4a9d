import type { Selection } from '../../../ports/graph-index.ts'
import { facetsOfFilter } from '../../filter.ts'
import type { Connection } from '../database/connection.ts'
import { WordIndex } from '../tables/word-index.ts'

/** The row numbers that match a filter; undefined where all do. One scan of the facet index. */
export function matchingRows(
  connection: Connection,
  filter: Selection,
): ReadonlySet<number> | undefined {
  const query = facetQuery(filter)
  if (query === undefined) return undefined
  const { table } = new WordIndex(connection)
  return new Set(
    connection
      .sql<[string], number>(`SELECT rowid FROM ${table} WHERE ${table} MATCH ?`)
      .pluck()
      .all(query),
  )
}

/**
 * Whether scanning all `total` rows in order finds the first `wanted` matching ones sooner than
 * sorting all that match. Assumes that they are spread evenly.
 */
export function isScanFaster(wanted: number, total: number, matching: number): boolean {
  return wanted * total <= matching * matching
}

/** Whether a filter asks for anything. */
export function isFiltered(filter: Selection): boolean {
  return facetsOfFilter(filter).length > 0
}

/** The facets of a filter as a full-text query; undefined where it has none. */
export function facetQuery(filter: Selection): string | undefined {
  const facets = facetsOfFilter(filter)
  if (facets.length === 0) return undefined
  // An empty choice matches nothing: no facet is a single letter.
  const choices = facets.map(
    (words) => `(${(words.length === 0 ? ['x'] : words).map(quoted).join(' OR ')})`,
  )
  return `facets : (${choices.join(' AND ')})`
}

function quoted(word: string): string {
  return `"${word}"`
}
