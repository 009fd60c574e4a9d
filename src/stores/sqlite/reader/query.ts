import type { JsonObject } from '../../../core/canonical.ts'
import type { Cid } from '../../../core/cid.ts'
import type { Stub } from '../../../core/wire/federation.ts'
import type { LogEntry, LogLine, Stored } from '../../../ports/contribution-store.ts'
import type { GraphIndex } from '../../../ports/graph-index.ts'
import type { FileStamp } from '../../fs/blobs.ts'

/** The questions of the index, by the names of its methods, with their arguments. */
type IndexReads = {
  [Q in keyof GraphIndex]: [
    { readonly args: Parameters<GraphIndex[Q]> },
    Awaited<ReturnType<GraphIndex[Q]>>,
  ]
}

/** All that can be read: what is asked, and what is answered. */
interface Reads extends IndexReads {
  contribution: [{ readonly cid: Cid }, Stored | undefined]
  contributions: [{ readonly cids: readonly Cid[] }, Stored[]]
  'missing-contributions': [{ readonly cids: readonly Cid[] }, Cid[]]
  'contribution-count': [object, number]
  resolve: [{ readonly digits: string; readonly limit: number }, Cid[]]
  'resolve-known': [{ readonly digits: string; readonly limit: number }, Cid[]]
  since: [{ readonly seq: number; readonly limit: number }, LogEntry[]]
  'lines-before': [{ readonly seq: number; readonly limit: number }, LogLine[]]
  'last-seq': [object, number]
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

export type QueryType = keyof Reads

/**
 * Something to be read, as plain data (structured-clonable, like its answer), so that it can be
 * answered on any connection, in any thread.
 */
export type Query<T extends QueryType = QueryType> = {
  [K in T]: { readonly type: K } & Reads[K][0]
}[T]

/** What a query is answered with. */
export type Answer<T extends QueryType> = Reads[T][1]
