import type { JsonObject } from '../../../core/canonical.ts'
import type { Cid } from '../../../core/cid.ts'
import type { Edge } from '../../../core/contribution/relation.ts'
import type { Signals } from '../../../core/ranking/signals.ts'
import type { Stub } from '../../../core/wire/federation.ts'
import type { Filter } from '../../../core/wire/frontier.ts'
import type { LogEntry, Stored } from '../../../ports/contribution-store.ts'
import type { FrontierQuery, Page, Ranking, ThreadSummary } from '../../../ports/graph-index.ts'
import type { EdgeChoice } from '../tables/edges.ts'

/** All that can be read: what is asked, and what is answered. */
interface Reads {
  contribution: [{ readonly cid: Cid }, Stored | undefined]
  contributions: [{ readonly cids: readonly Cid[] }, Stored[]]
  'missing-contributions': [{ readonly cids: readonly Cid[] }, Cid[]]
  'contribution-count': [object, number]
  resolve: [{ readonly digits: string; readonly limit: number }, Cid[]]
  since: [{ readonly seq: number; readonly limit: number }, LogEntry[]]
  'last-seq': [object, number]
  edges: [
    { readonly cid: Cid; readonly direction: 'out' | 'in'; readonly choice: EdgeChoice },
    Edge[],
  ]
  signals: [{ readonly cid: Cid }, Signals]
  list: [{ readonly filter: Filter; readonly page: Page }, { items: Stored[]; total: number }]
  search: [{ readonly text: string; readonly filter: Filter; readonly limit: number }, Stored[]]
  frontier: [{ readonly query: FrontierQuery }, Ranking[]]
  threads: [{ readonly tags: readonly string[]; readonly limit: number }, ThreadSummary[]]
  stub: [{ readonly cid: Cid }, Stub | undefined]
  stubs: [{ readonly limit: number }, Stub[]]
  'stub-count': [object, number]
  record: [{ readonly space: string; readonly key: string }, JsonObject | undefined]
  records: [{ readonly space: string }, { key: string; value: JsonObject }[]]
  blob: [{ readonly hash: Cid }, Uint8Array | undefined]
  'blob-size': [{ readonly hash: Cid }, number | undefined]
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
