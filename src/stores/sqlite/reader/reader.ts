import { Judged, recountUnderWay } from '../counting/judged.ts'
import { CountingRules } from '../counting/rules.ts'
import type { Connection } from '../database/connection.ts'
import { fileStampOf } from '../tables/blob-files.ts'
import { blobOf, blobSize, missingBlobs } from '../tables/blobs.ts'
import { Contributions, type DamagedManifests } from '../tables/contributions.ts'
import { Directions } from '../tables/directions.ts'
import { edgesInto, edgesOutOf, saidOf, sourcesOf } from '../tables/edges.ts'
import { lastSeq } from '../tables/log.ts'
import { Origins, originsOf } from '../tables/origins.ts'
import { listRecords, recordOf } from '../tables/records.ts'
import { ScoreForms } from '../tables/score-forms.ts'
import { SignalTotals } from '../tables/signal-totals.ts'
import { Signers } from '../tables/signers.ts'
import { countStubs, findStub, listStubs } from '../tables/stubs.ts'
import { bestWorksOf, metricsIn } from './frontier.ts'
import type { Answer, Query, ReadRows, ShortType } from './query.ts'

/** How queries of each type are answered. */
type Answers = { readonly [T in ShortType]: (query: Query<T>) => Answer<T> }

/** Answers short queries on a connection, each in one transaction, so that it sees one moment. */
export class Reader {
  readonly #connection: Connection
  readonly #answers: Answers

  constructor(connection: Connection, damaged: DamagedManifests) {
    this.#connection = connection
    this.#answers = answersOn(connection, damaged)
  }

  /** Throws `shutting-down` after the connection is closed, `storage-failed`. */
  answer<T extends ShortType>(query: Query<T>): Answer<T> {
    const answer: (query: Query<T>) => Answer<T> = this.#answers[query.type]
    return this.#connection.read(() => answer(query))
  }
}

function answersOn(connection: Connection, damaged: DamagedManifests): Answers {
  const contributions = new Contributions(connection, damaged)
  const forms = new ScoreForms(connection)
  const directions = new Directions(connection)
  const totals = new SignalTotals(connection)
  const rules = new CountingRules(connection)
  const origins = new Origins(connection, rules)
  const signers = new Signers(connection)
  const judged = new Judged(connection)
  const rowsFrom = rowReader(contributions)
  return {
    contribution: ({ cid }) => contributions.get(cid),
    contributions: ({ cids }) => cids.flatMap((cid) => contributions.get(cid) ?? []),
    'contribution-bytes': ({ cid }) => contributions.bytes(cid),
    listed: ({ cids }) => cids.flatMap((cid) => contributions.listed(cid) ?? []),
    'listed-rows': ({ ids }) =>
      ids.flatMap((id) => {
        const listed = contributions.listedAt(id)
        return listed === undefined ? [] : [[id, listed] as const]
      }),
    infos: ({ ids, from }) => rowsFrom(ids, from, (id) => contributions.infoAt(id)),
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
    sources: ({ args: [cid, query] }) => sourcesOf(connection, cid, query),
    said: ({ args: [cid, query] }) => saidOf(connection, cid, query),
    edgeCounts: ({ args: [cid] }) => totals.edgeCountsOf(cid),
    backing: ({ args: [cids] }) => cids.map((cid) => signers.of(cid)),
    signals: ({ args: [cid] }) => totals.signalsOf(cid),
    bestWorks: ({ args: [dimensions, limit] }) => bestWorksOf(connection, dimensions, limit),
    metrics: ({ args: [query] }) => metricsIn(connection, query),
    scoreForms: ({ args: [metrics, limit] }) =>
      metrics.flatMap((metric) => forms.of(metric, limit)),
    foremostMetrics: ({ args: [limit] }) => directions.foremost(limit),
    directions: ({ args: [metrics] }) => metrics.map((metric) => directions.of(metric)),
    origins: ({ cids }) => originsOf(origins, cids, (cid) => contributions.find(cid)?.id),
    counting: () => ({
      counting: rules.current(),
      isRecounting: recountUnderWay(connection) !== undefined,
    }),
    judgements: ({ cids }) =>
      cids.map((cid) => {
        const found = contributions.find(cid)
        return found === undefined ? 'counts' : judged.of(found.id)
      }),
    unsigned: ({ after, limit }) => origins.unsigned(after, limit),
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

/** Bytes of manifests that are hashed and parsed in one turn: a few milliseconds of work. */
const TURN_MAX_BYTES = 256 * 1024

/** Reads rows until so many bytes of manifests had to be opened for them. */
function rowReader(contributions: Contributions) {
  return <T>(
    ids: readonly number[],
    from: number,
    read: (id: number) => T | undefined,
  ): ReadRows<T> => {
    const items: [number, T][] = []
    const before = contributions.openedBytes
    let to = from
    for (; to < ids.length && contributions.openedBytes - before < TURN_MAX_BYTES; to++) {
      const id = ids[to] ?? 0
      const item = read(id)
      if (item !== undefined) items.push([id, item])
    }
    return { items, to }
  }
}
