import type { JsonObject } from '../../../core/canonical.ts'
import type { Cid } from '../../../core/cid.ts'
import type { Counting, Judgement } from '../../../core/peers/counting.ts'
import type { Stub } from '../../../core/wire/federation.ts'
import type { ListEntry, LogEntry, LogLine, Stored } from '../../../ports/contribution-store.ts'
import type { ContributionInfo, GraphIndex, ReadOptions } from '../../../ports/graph-index.ts'
import type { KeptOrigins, UnsignedPage } from '../../../ports/origin-store.ts'
import type { FileStamp } from '../../fs/blobs.ts'
import type { RankedIds } from './frontier.ts'
import type { PageOfIds, ThreadId } from './lists.ts'
import type { FoundIds } from './search.ts'

/** What the questions of the index are answered with whose cost may grow with the graph. */
interface LongAnswers {
  list: PageOfIds
  related: PageOfIds
  search: FoundIds
  frontier: readonly RankedIds[]
  threads: readonly ThreadId[]
}

/** The questions of the index, by the names of its methods, with their arguments. */
type IndexReads = {
  [Q in Exclude<keyof GraphIndex, LongType>]: [
    { readonly args: Parameters<GraphIndex[Q]> },
    Awaited<ReturnType<GraphIndex[Q]>>,
  ]
}

type LongIndexReads = {
  [Q in LongType]: [{ readonly args: Args<Parameters<GraphIndex[Q]>> }, LongAnswers[Q]]
}

/** The arguments of a method whose last one is how it is to be read. */
type Args<P extends unknown[]> = Required<P> extends [...infer A, ReadOptions] ? A : never

/** All that can be read: what is asked, and what is answered. */
interface Reads extends IndexReads, LongIndexReads {
  contribution: [{ readonly cid: Cid }, Stored | undefined]
  contributions: [{ readonly cids: readonly Cid[] }, Stored[]]
  'contribution-bytes': [{ readonly cid: Cid }, Uint8Array | undefined]
  listed: [{ readonly cids: readonly Cid[] }, ListEntry[]]
  'listed-rows': [{ readonly ids: readonly number[] }, (readonly [id: number, item: ListEntry])[]]
  infos: [RowsQuery, ReadRows<ContributionInfo>]
  'missing-contributions': [{ readonly cids: readonly Cid[] }, Cid[]]
  'contribution-count': [object, number]
  resolve: [{ readonly digits: string; readonly limit: number }, Cid[]]
  'resolve-known': [{ readonly digits: string; readonly limit: number }, Cid[]]
  since: [{ readonly seq: number; readonly limit: number }, LogEntry[]]
  'lines-before': [{ readonly seq: number; readonly limit: number }, LogLine[]]
  'last-seq': [object, number]
  origins: [{ readonly cids: readonly Cid[] }, KeptOrigins[]]
  unsigned: [{ readonly after: number; readonly limit: number }, UnsignedPage]
  counting: [object, { readonly counting: Counting; readonly isRecounting: boolean }]
  judgements: [{ readonly cids: readonly Cid[] }, Judgement[]]
  stub: [{ readonly cid: Cid }, Stub | undefined]
  stubs: [{ readonly limit: number }, Stub[]]
  'stub-count': [object, number]
  record: [{ readonly space: string; readonly key: string }, JsonObject | undefined]
  records: [{ readonly space: string }, { key: string; value: JsonObject }[]]
  blob: [{ readonly hash: Cid }, Uint8Array | undefined]
  'blob-size': [{ readonly hash: Cid }, number | undefined]
  'file-stamp': [{ readonly hash: Cid }, FileStamp | undefined]
  'missing-blobs': [{ readonly hashes: readonly Cid[] }, Cid[]]
}

/** Contributions by their row numbers, from the one at `from` on: as many as one turn may open. */
interface RowsQuery {
  readonly ids: readonly number[]
  readonly from: number
}

/** What is whole of the rows before `to`, each with its number. */
export interface ReadRows<T> {
  readonly items: readonly (readonly [id: number, item: T])[]
  readonly to: number
}

/** Queries that go to a thread of their own where much is held, and are answered by row numbers. */
export type LongType = keyof LongAnswers
/** Queries that are answered at once. */
export type ShortType = Exclude<QueryType, LongType>
export type QueryType = keyof Reads

/**
 * Something to be read, as plain data (structured-clonable, like its answer), so that it can be
 * answered on any connection, in any thread.
 */
export type Query<T extends QueryType = QueryType> = {
  [K in T]: { readonly type: K } & Reads[K][0]
}[T]

export type LongQuery<T extends LongType = LongType> = Query<T>

/** What a query is answered with. */
export type Answer<T extends QueryType> = Reads[T][1]
