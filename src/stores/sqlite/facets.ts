import type { Filter } from '../../core/wire.ts'
import { facetsOfFilter } from '../filter.ts'
import type { Session } from './session.ts'

/** Counting further than this is not worth it to find the rarest facet. */
const COUNT_MAX = 20_000

/** The facets that a filter asks for, the rarest first: the one to start from. */
export interface Selection {
  readonly facets: readonly [string, ...string[]]
  /** How many contributions have the rarest, at most `COUNT_MAX`. */
  readonly atMost: number
}

export function select(session: Session, filter: Filter): Selection {
  const count = session.sql<[string, number], { n: number }>(
    'SELECT count(*) AS n FROM (SELECT 1 FROM facet WHERE facet = ? LIMIT ?)',
  )
  const counted = facetsOfFilter(filter).map((facet) => ({ facet, n: count.get(facet, COUNT_MAX)?.n ?? 0 }))
  const [first, ...rest] = counted.sort((a, b) => a.n - b.n)
  if (first === undefined) throw new Error('a filter asks for at least one facet')
  return { facets: [first.facet, ...rest.map(({ facet }) => facet)], atMost: first.n }
}

/**
 * SQL that holds where contribution `id`, created at `createdMs` (both SQL expressions), has each of `count` facets;
 * they are bound in order.
 */
export function hasFacets(count: number, id: string, createdMs: string): string {
  const one = `EXISTS (SELECT 1 FROM facet WHERE facet = ? AND created_ms = ${createdMs} AND contribution = ${id})`
  return Array.from({ length: count }, () => ` AND ${one}`).join('')
}
