import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { type Edge, edgesOf } from '../../core/contribution/relation.ts'
import type { Signals } from '../../core/ranking/signals.ts'
import type { Stub } from '../../core/wire/federation.ts'
import type { Filter } from '../../core/wire/frontier.ts'
import type { LogEntry, Provenance, Stored } from '../../ports/contribution-store.ts'
import type { FrontierQuery, Page, Ranking, ThreadSummary } from '../../ports/graph-index.ts'
import type { GraphStore } from '../../ports/graph-store.ts'
import { frontierOf } from './queries/frontier.ts'
import { listIds, listThreads, searchIds } from './queries/lists.ts'
import type { Session } from './session.ts'
import { Contributions } from './tables/contributions.ts'
import { type EdgeChoice, edgesInto } from './tables/edges.ts'
import { lastSeq } from './tables/log.ts'
import { SignalTotals } from './tables/signal-totals.ts'
import { countStubs, findStub, listStubs } from './tables/stubs.ts'

/** The graph in SQLite. Composes the tables; each query is next to its table. */
export class SqliteGraph implements GraphStore {
  readonly logId: string
  readonly #session: Session
  readonly #contributions: Contributions
  readonly #totals: SignalTotals

  constructor(session: Session) {
    this.#session = session
    this.logId = session.logId
    this.#contributions = new Contributions(session.connection)
    this.#totals = new SignalTotals(session.connection)
  }

  async put({ cid, bytes }: Contribution, provenance: Provenance): Promise<'added' | 'present'> {
    const changed = await this.#session.write({ type: 'put-contribution', cid, bytes, provenance })
    return changed ? 'added' : 'present'
  }

  get(cid: Cid): Promise<Stored | undefined> {
    return this.#session.read(() => this.#contributions.get(cid))
  }

  getMany(cids: readonly Cid[]): Promise<Stored[]> {
    return this.#session.read(() =>
      cids.map((cid) => this.#contributions.get(cid)).filter((found) => found !== undefined),
    )
  }

  missing(cids: readonly Cid[]): Promise<Cid[]> {
    return this.#session.read(() =>
      cids.filter((cid) => this.#contributions.find(cid) === undefined),
    )
  }

  resolve(digits: string, limit: number): Promise<Cid[]> {
    return this.#session.read(() => this.#contributions.resolve(digits, limit))
  }

  edges(cid: Cid, direction: 'out' | 'in', choice: EdgeChoice = {}): Promise<Edge[]> {
    return this.#session.read((connection) =>
      direction === 'in' ? edgesInto(connection, cid, choice) : this.#edgesFrom(cid, choice),
    )
  }

  signals(cid: Cid): Promise<Signals> {
    return this.#session.read(() => this.#totals.signalsOf(cid))
  }

  list(filter: Filter, page: Page): Promise<{ items: Stored[]; total: number }> {
    return this.#session.read((connection) => {
      const { ids, total } = listIds(connection, this.#contributions, filter, page)
      return { items: ids.map((id) => this.#contributions.at(id)), total }
    })
  }

  search(text: string, filter: Filter, limit: number): Promise<Stored[]> {
    return this.#session.read((connection) =>
      searchIds(connection, text, filter, limit).map((id) => this.#contributions.at(id)),
    )
  }

  frontier(query: FrontierQuery): Promise<Ranking[]> {
    return this.#session.read((connection) => frontierOf(connection, this.#contributions, query))
  }

  threads(options: { tags?: readonly string[]; limit: number }): Promise<ThreadSummary[]> {
    return this.#session.read((connection) => listThreads(connection, this.#contributions, options))
  }

  count(): Promise<number> {
    return this.#session.read(() => this.#contributions.count())
  }

  since(seq: number, limit: number): Promise<LogEntry[]> {
    return this.#session.read(() => this.#contributions.since(seq, limit))
  }

  lastSeq(): Promise<number> {
    return this.#session.read(lastSeq)
  }

  async putStub(cid: Cid, promisedBy: readonly string[], since: number): Promise<void> {
    await this.#session.write({ type: 'add-promises', cid, promisedBy, since })
  }

  stub(cid: Cid): Promise<Stub | undefined> {
    return this.#session.read((connection) => findStub(connection, cid))
  }

  stubCount(): Promise<number> {
    return this.#session.read(countStubs)
  }

  stubs(limit: number): Promise<Stub[]> {
    return this.#session.read((connection) => listStubs(connection, limit))
  }

  async close(): Promise<void> {}

  #edgesFrom(cid: Cid, { types, limit }: EdgeChoice): Edge[] {
    const stored = this.#contributions.get(cid)
    if (stored === undefined) return []
    return edgesOf(stored)
      .filter((edge) => types?.includes(edge.type) ?? true)
      .slice(0, limit)
  }
}
