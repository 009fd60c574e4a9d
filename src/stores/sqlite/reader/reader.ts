import type { Connection } from '../database/connection.ts'
import { fileStampOf } from '../tables/blob-files.ts'
import { blobOf, blobSize, missingBlobs } from '../tables/blobs.ts'
import { Contributions, type DamagedManifests } from '../tables/contributions.ts'
import { edgesInto, edgesOutOf, saidOf } from '../tables/edges.ts'
import { lastSeq } from '../tables/log.ts'
import { listRecords, recordOf } from '../tables/records.ts'
import { ScoreForms } from '../tables/score-forms.ts'
import { SignalTotals } from '../tables/signal-totals.ts'
import { countStubs, findStub, listStubs } from '../tables/stubs.ts'
import { bestWorksOf, frontierOf, metricsIn } from './frontier.ts'
import { listIds, listThreads, relatedIds, searchIds } from './lists.ts'
import type { Answer, Query, QueryType } from './query.ts'

/** How queries of each type are answered. */
type Answers = { readonly [T in QueryType]: (query: Query<T>) => Answer<T> }

/** Answers queries on a connection, each in one transaction, so that it sees one moment. */
export class Reader {
  readonly #connection: Connection
  readonly #answers: Answers

  constructor(connection: Connection, damaged: DamagedManifests) {
    this.#connection = connection
    this.#answers = answersOn(connection, damaged)
  }

  /** Throws `shutting-down` after the connection is closed, `storage-failed`. */
  answer<T extends QueryType>(query: Query<T>): Answer<T> {
    const answer: (query: Query<T>) => Answer<T> = this.#answers[query.type]
    return this.#connection.read(() => answer(query))
  }
}

function answersOn(connection: Connection, damaged: DamagedManifests): Answers {
  const contributions = new Contributions(connection, damaged)
  const forms = new ScoreForms(connection)
  const totals = new SignalTotals(connection)
  const allAt = (ids: readonly number[]) => ids.flatMap((id) => contributions.at(id) ?? [])
  return {
    contribution: ({ cid }) => contributions.get(cid),
    contributions: ({ cids }) => cids.flatMap((cid) => contributions.get(cid) ?? []),
    'missing-contributions': ({ cids }) => cids.filter((cid) => !contributions.has(cid)),
    'contribution-count': () => contributions.count(),
    resolve: ({ digits, limit }) => contributions.resolve(digits, limit),
    'resolve-known': ({ digits, limit }) => contributions.resolveKnown(digits, limit),
    since: ({ seq, limit }) => contributions.since(seq, limit),
    'lines-before': ({ seq, limit }) => contributions.linesBefore(seq, limit),
    'last-seq': () => lastSeq(connection),
    edges: ({ args: [cid, direction, choice = {}] }) =>
      direction === 'in'
        ? edgesInto(connection, cid, choice)
        : edgesOutOf(contributions.get(cid), choice),
    related: ({ args: [cid, types, page] }) => {
      const { ids, total } = relatedIds(connection, cid, types, page)
      return { items: allAt(ids), total }
    },
    said: ({ args: [cid, query] }) => saidOf(connection, cid, query),
    edgeCounts: ({ args: [cid] }) => totals.edgeCountsOf(cid),
    signals: ({ args: [cid] }) => totals.signalsOf(cid),
    list: ({ args: [filter, page] }) => {
      const { ids, total } = listIds(connection, contributions, filter, page)
      return { items: allAt(ids), total }
    },
    search: ({ args: [text, filter, limit] }) => allAt(searchIds(connection, text, filter, limit)),
    frontier: ({ args: [query] }) => frontierOf(connection, contributions, query),
    bestWorks: ({ args: [dimensions, limit] }) => bestWorksOf(connection, dimensions, limit),
    metrics: ({ args: [query] }) => metricsIn(connection, query),
    scoreForms: ({ args: [metrics, limit] }) =>
      metrics.flatMap((metric) => forms.of(metric, limit)),
    threads: ({ args: [query] }) => listThreads(connection, contributions, query),
    stub: ({ cid }) => findStub(connection, cid),
    stubs: ({ limit }) => listStubs(connection, limit),
    'stub-count': () => countStubs(connection),
    record: ({ space, key }) => recordOf(connection, space, key),
    records: ({ space }) => listRecords(connection, space),
    blob: ({ hash }) => blobOf(connection, hash),
    'blob-size': ({ hash }) => blobSize(connection, hash),
    'file-stamp': ({ hash }) => fileStampOf(connection, hash),
    'missing-blobs': ({ hashes }) => missingBlobs(connection, hashes),
  }
}
