import type { Selection } from '../../../ports/graph-index.ts'
import { facetsOfFilter } from '../../filter.ts'

/**
 * Whether scanning all `total` rows in order finds the first `wanted` matching ones sooner than
 * sorting all that match. Assumes that they are spread evenly.
 */
export function isScanFaster(wanted: number, total: number, matching: number): boolean {
  return wanted * total <= matching * matching
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
