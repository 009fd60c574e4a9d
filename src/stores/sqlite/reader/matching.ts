import type { Selection } from '../../../ports/graph-index.ts'
import { facetsOfFilter } from '../../filter.ts'
import type { Connection } from '../database/connection.ts'

/** The row numbers that a filter means; undefined where it means everything. One scan of its facets in the full-text index. */
export function matchingRows(
  connection: Connection,
  filter: Selection,
): ReadonlySet<number> | undefined {
  const query = facetQuery(filter)
  if (query === undefined) return undefined
  return new Set(
    connection
      .sql<[string], number>('SELECT rowid FROM word WHERE word MATCH ?')
      .pluck()
      .all(query),
  )
}

/**
 * Whether the first `wanted` of the meant rows are found sooner by walking all `total` rows in their order than by
 * sorting those that are meant: true if they lie evenly among the others.
 */
export function isScanFaster(wanted: number, total: number, meant: number): boolean {
  return wanted * total <= meant * meant
}

/** Whether a filter leaves anything out. */
export function isFiltered(filter: Selection): boolean {
  return facetsOfFilter(filter).length > 0
}

/** The facets of a filter as a full-text query; undefined where it has none. */
export function facetQuery(filter: Selection): string | undefined {
  const facets = facetsOfFilter(filter)
  if (facets.length === 0) return undefined
  // A choice without words is one that nothing meets: no facet is a single letter.
  const choices = facets.map(
    (words) => `(${(words.length === 0 ? ['x'] : words).map(quoted).join(' OR ')})`,
  )
  return `facets : (${choices.join(' AND ')})`
}

function quoted(word: string): string {
  return `"${word}"`
}
