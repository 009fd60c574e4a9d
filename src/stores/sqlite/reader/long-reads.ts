import type { Selection } from '../../../ports/graph-index.ts'
import { facetsOfFilter } from '../../filter.ts'
import type { Connection } from '../database/connection.ts'
import { Facets } from './facets.ts'
import { frontierOf } from './frontier.ts'
import { listIds, listThreads, relatedIds } from './lists.ts'
import type { Answer, LongQuery, LongType } from './query.ts'
import { searchIds } from './search.ts'
import type { Watch } from './watch.ts'

/** Contributions up to which every read is short. */
const SMALL_MAX = 2_000
/** Rows, over all dimensions or of a list, up to which reading an index is short. */
const SHORT_MAX_ROWS = 2_000

type LongAnswers = { readonly [T in LongType]: (query: LongQuery<T>) => Answer<T> }

/** Answers the queries that may be long, by row numbers: no manifest is read. */
export class LongReads {
  readonly #connection: Connection
  readonly #answers: LongAnswers

  constructor(connection: Connection, watch: Watch) {
    this.#connection = connection
    const facets = new Facets(connection, watch)
    this.#answers = {
      list: ({ args: [filter, page] }) => listIds(connection, facets, { filter, page }, watch),
      related: ({ args: [cid, types, page] }) =>
        relatedIds(connection, { target: cid, types }, page, watch),
      search: ({ args: [text, filter, limit] }) =>
        searchIds(connection, { text, filter, limit }, watch),
      frontier: ({ args: [query] }) => frontierOf(connection, facets, query, watch),
      threads: ({ args: [query] }) => listThreads(connection, facets, query),
    }
  }

  /** Throws as `Reader.answer`, and what the watch throws. */
  answer<T extends LongType>(query: LongQuery<T>): Answer<T> {
    const answer: (query: LongQuery<T>) => Answer<T> = this.#answers[query.type]
    return this.#connection.read(() => answer(query))
  }
}

/** Whether a query may take long where so many contributions are held. */
export function mayBeLong(query: LongQuery, held: number): boolean {
  if (held <= SMALL_MAX) return false
  if (query.type === 'list') {
    const [filter, { limit, offset }] = query.args
    const rows = limit + Math.min(offset, Math.max(0, held - offset))
    return isFiltered(filter) || rows > SHORT_MAX_ROWS
  }
  if (query.type !== 'frontier') return true
  const [{ kind: _, anyKind: __, limit, dimensions, minOrigins, attested, ...filter }] = query.args
  if (minOrigins !== undefined || attested === true) return true
  return isFiltered(filter) || (dimensions?.length ?? SHORT_MAX_ROWS) * limit > SHORT_MAX_ROWS
}

const isFiltered = (filter: Selection) => facetsOfFilter(filter).length > 0
