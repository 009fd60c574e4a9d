import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import type { Edge } from '../../core/contribution/relation.ts'
import type { RelationType } from '../../core/contribution/schema.ts'
import type { Backing } from '../../core/ranking/belief.ts'
import type { DirectionSupport } from '../../core/ranking/directions.ts'
import type { Place } from '../../core/ranking/frontier.ts'
import type { Signals } from '../../core/ranking/signals.ts'
import type { Stub } from '../../core/wire/federation.ts'
import type { Filter } from '../../core/wire/frontier.ts'
import type {
  ListEntry,
  LogEntry,
  LogLine,
  Provenance,
  Stored,
  StoreOptions,
} from '../../ports/contribution-store.ts'
import type {
  AgedPage,
  EdgeChoice,
  EdgeCounts,
  FormCount,
  FrontierQuery,
  ListedPage,
  MetricsQuery,
  Page,
  RankedPlace,
  RankedThread,
  Ranking,
  ReadOptions,
  SaidPage,
  SaidQuery,
  SearchHits,
  SourcesQuery,
  ThreadsQuery,
} from '../../ports/graph-index.ts'
import type { GraphStore } from '../../ports/graph-store.ts'
import type { OriginStore } from '../../ports/origin-store.ts'
import type { Damaged } from '../fs/damaged.ts'
import { SqliteOrigins } from './origins.ts'
import type { PageOfIds } from './reader/lists.ts'
import type { Session } from './session.ts'
import { rowOfOrigin } from './tables/origins.ts'
import { SYNC } from './writer/write-turns.ts'

/** The graph in SQLite: its calls as jobs and queries. */
export class SqliteGraph implements GraphStore {
  readonly origins: OriginStore
  readonly #session: Session
  readonly #damaged: Damaged

  constructor(session: Session, damaged: Damaged) {
    this.origins = new SqliteOrigins(session)
    this.#session = session
    this.#damaged = damaged
  }

  async put(
    { cid, bytes }: Contribution,
    provenance: Provenance,
    { pending = [], caller, origins = [] }: StoreOptions = {},
  ): Promise<'added' | 'present'> {
    const blobs = pending.length === 0 ? {} : { pending }
    const signed = origins.length === 0 ? {} : { origins: origins.map(rowOfOrigin) }
    const job = { type: 'put-contribution', cid, bytes, provenance, ...blobs, ...signed } as const
    const asker = provenance.origin === 'peer' ? SYNC : caller
    const changed = await this.#session.write(job, asker)
    for (const hash of [cid, ...pending.map((blob) => blob.hash)]) await this.#damaged.heal(hash)
    return changed ? 'added' : 'present'
  }

  get(cid: Cid): Promise<Stored | undefined> {
    return this.#session.read({ type: 'contribution', cid })
  }

  getMany(cids: readonly Cid[]): Promise<Stored[]> {
    return this.#session.read({ type: 'contributions', cids })
  }

  bytes(cid: Cid): Promise<Uint8Array | undefined> {
    return this.#session.read({ type: 'contribution-bytes', cid })
  }

  listed(cids: readonly Cid[]): Promise<ListEntry[]> {
    return this.#session.read({ type: 'listed', cids })
  }

  missing(cids: readonly Cid[]): Promise<Cid[]> {
    return this.#session.read({ type: 'missing-contributions', cids })
  }

  resolve(digits: string, limit: number): Promise<Cid[]> {
    return this.#session.read({ type: 'resolve', digits, limit })
  }

  resolveKnown(digits: string, limit: number): Promise<Cid[]> {
    return this.#session.read({ type: 'resolve-known', digits, limit })
  }

  count(): Promise<number> {
    return this.#session.read({ type: 'contribution-count' })
  }

  since(seq: number, limit: number): Promise<LogEntry[]> {
    return this.#session.read({ type: 'since', seq, limit })
  }

  linesBefore(seq: number, limit: number): Promise<LogLine[]> {
    return this.#session.read({ type: 'lines-before', seq, limit })
  }

  lastSeq(): Promise<number> {
    return this.#session.read({ type: 'last-seq' })
  }

  position(seq: number): string {
    return this.#session.epochs.position(seq)
  }

  seqAt(position: string): number | undefined {
    return this.#session.epochs.seqAt(position)
  }

  edges(cid: Cid, direction: 'out' | 'in', choice: EdgeChoice = {}): Promise<Edge[]> {
    return this.#session.read({ type: 'edges', args: [cid, direction, choice] })
  }

  sources(cid: Cid, query: SourcesQuery): Promise<Cid[]> {
    return this.#session.read({ type: 'sources', args: [cid, query] })
  }

  async related(
    cid: Cid,
    types: readonly RelationType[],
    page: AgedPage,
    options?: ReadOptions,
  ): Promise<ListedPage> {
    return this.#listedPage(
      await this.#session.find({ type: 'related', args: [cid, types, page] }, options),
    )
  }

  said(cid: Cid, query: SaidQuery): Promise<SaidPage> {
    return this.#session.read({ type: 'said', args: [cid, query] })
  }

  edgeCounts(cid: Cid): Promise<EdgeCounts> {
    return this.#session.read({ type: 'edgeCounts', args: [cid] })
  }

  signals(cid: Cid): Promise<Signals> {
    return this.#session.read({ type: 'signals', args: [cid] })
  }

  backing(cids: readonly Cid[]): Promise<Backing[]> {
    return this.#session.read({ type: 'backing', args: [cids] })
  }

  async list(filter: Filter, page: Page, options?: ReadOptions): Promise<ListedPage> {
    return this.#listedPage(
      await this.#session.find({ type: 'list', args: [filter, page] }, options),
    )
  }

  async search(
    text: string,
    filter: Filter,
    limit: number,
    options?: ReadOptions,
  ): Promise<SearchHits> {
    const { ids, isBounded } = await this.#session.find(
      { type: 'search', args: [text, filter, limit] },
      options,
    )
    return { items: await this.#listed(ids), isBounded }
  }

  async frontier(query: FrontierQuery, options?: ReadOptions): Promise<Ranking[]> {
    const ranked = await this.#session.find({ type: 'frontier', args: [query] }, options)
    const ids = [...new Set(ranked.flatMap((ranking) => ranking.ids))]
    const infos = new Map(await this.#session.infos(ids))
    return ranked.map(({ metric, direction, ids, values }) => ({
      metric,
      direction,
      places: ids.flatMap((id, index): RankedPlace[] => {
        const info = infos.get(id)
        const value = values[index] ?? Number.NaN
        return info === undefined ? [] : [{ metric, direction, cid: info.cid, value, info }]
      }),
    }))
  }

  bestWorks(dimensions: readonly string[], limit: number): Promise<Place[]> {
    return this.#session.read({ type: 'bestWorks', args: [dimensions, limit] })
  }

  metrics(query: MetricsQuery): Promise<string[]> {
    return this.#session.read({ type: 'metrics', args: [query] })
  }

  scoreForms(metrics: readonly string[], limit: number): Promise<FormCount[]> {
    return this.#session.read({ type: 'scoreForms', args: [metrics, limit] })
  }

  foremostMetrics(limit: number): Promise<string[]> {
    return this.#session.read({ type: 'foremostMetrics', args: [limit] })
  }

  directions(metrics: readonly string[]): Promise<DirectionSupport[]> {
    return this.#session.read({ type: 'directions', args: [metrics] })
  }

  async threads(query: ThreadsQuery, options?: ReadOptions): Promise<RankedThread[]> {
    const threads = await this.#session.find({ type: 'threads', args: [query] }, options)
    const ids = threads.map(({ id }) => id)
    const roots = new Map(await this.#session.read({ type: 'listed-rows', ids }))
    return threads.flatMap(({ id, ...thread }) => {
      const root = roots.get(id)
      return root === undefined ? [] : [{ root, ...thread }]
    })
  }

  async putStub(cid: Cid, promisedBy: readonly string[], since: number): Promise<void> {
    await this.#session.write({ type: 'add-promises', cid, promisedBy, since }, SYNC)
  }

  stub(cid: Cid): Promise<Stub | undefined> {
    return this.#session.read({ type: 'stub', cid })
  }

  stubCount(): Promise<number> {
    return this.#session.read({ type: 'stub-count' })
  }

  stubs(limit: number): Promise<Stub[]> {
    return this.#session.read({ type: 'stubs', limit })
  }

  async close(): Promise<void> {}

  async #listedPage({ ids, total }: PageOfIds): Promise<ListedPage> {
    return { items: await this.#listed(ids), total }
  }

  async #listed(ids: readonly number[]): Promise<ListEntry[]> {
    const rows = await this.#session.read({ type: 'listed-rows', ids })
    return rows.map(([, listed]) => listed)
  }
}
