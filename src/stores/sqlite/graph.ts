import { type Cid, cidFromBytes, cidToBytes } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution.ts'
import { type Edge, edgesOf } from '../../core/relation.ts'
import type { RelationType } from '../../core/schema.ts'
import type { Signals } from '../../core/signals.ts'
import type { Filter, Stub } from '../../core/wire.ts'
import type {
  FrontierQuery,
  GraphStore,
  Page,
  Provenance,
  Ranking,
  Stored,
  ThreadSummary,
} from '../../ports/graph-store.ts'
import { Contributions } from './contributions.ts'
import { frontierOf } from './frontier.ts'
import { listIds, listThreads, searchIds } from './lists.ts'
import type { Session } from './session.ts'
import { Standings } from './standing.ts'
import { addPromises, listStubs } from './stubs.ts'
import { Writer } from './writer.ts'

interface EdgeRow {
  readonly type: RelationType
  readonly source: Uint8Array
  readonly metadata: string | null
}

/** The graph in SQLite. Composes the tables; each query is next to its table. */
export class SqliteGraph implements GraphStore {
  readonly #session: Session
  readonly #contributions: Contributions
  readonly #standings: Standings
  readonly #writer: Writer

  constructor(session: Session) {
    this.#session = session
    this.#contributions = new Contributions(session)
    this.#standings = new Standings(session)
    this.#writer = new Writer(session, this.#contributions, this.#standings)
  }

  put(contribution: Contribution, provenance: Provenance): Promise<'added' | 'present'> {
    return this.#session.write(() => this.#writer.put(contribution, provenance))
  }

  get(cid: Cid): Promise<Stored | undefined> {
    return this.#session.read(() => this.#contributions.get(cid))
  }

  getMany(cids: readonly Cid[]): Promise<Stored[]> {
    return this.#session.read(() =>
      cids.map((cid) => this.#contributions.get(cid)).filter((found) => found !== undefined),
    )
  }

  lacking(cids: readonly Cid[]): Promise<Cid[]> {
    return this.#session.read(() => cids.filter((cid) => this.#contributions.find(cid) === undefined))
  }

  resolve(digits: string, limit: number): Promise<Cid[]> {
    return this.#session.read(() => this.#contributions.resolve(digits, limit))
  }

  edges(
    cid: Cid,
    direction: 'out' | 'in',
    options: { types?: readonly RelationType[]; limit?: number } = {},
  ): Promise<Edge[]> {
    return this.#session.read(() =>
      direction === 'in' ? this.#edgesInto(cid, options) : this.#edgesFrom(cid, options),
    )
  }

  signals(cid: Cid): Promise<Signals> {
    return this.#session.read(() => this.#standings.signalsOf(cid))
  }

  list(filter: Filter, page: Page): Promise<{ items: Stored[]; total: number }> {
    return this.#session.read(() => {
      const { ids, total } = listIds(this.#session, this.#contributions, filter, page)
      return { items: ids.map((id) => this.#contributions.at(id)), total }
    })
  }

  search(text: string, filter: Filter, limit: number): Promise<Stored[]> {
    return this.#session.read(() =>
      searchIds(this.#session, text, filter, limit).map((id) => this.#contributions.at(id)),
    )
  }

  frontier(query: FrontierQuery): Promise<Ranking[]> {
    return this.#session.read(() => frontierOf(this.#session, this.#contributions, query))
  }

  threads(options: { tags?: readonly string[]; limit: number }): Promise<ThreadSummary[]> {
    return this.#session.read(() => listThreads(this.#session, this.#contributions, options))
  }

  count(): Promise<number> {
    return this.#session.read(() => this.#contributions.count())
  }

  async putStub(cid: Cid, promisedBy: readonly string[], since: number): Promise<void> {
    await this.#session.write(() => {
      if (this.#contributions.find(cid) === undefined) addPromises(this.#session, cid, promisedBy, since)
    })
  }

  stubs(limit: number): Promise<Stub[]> {
    return this.#session.read(() => listStubs(this.#session, limit))
  }

  async close(): Promise<void> {}

  #edgesFrom(cid: Cid, { types, limit }: { types?: readonly RelationType[]; limit?: number }): Edge[] {
    const stored = this.#contributions.get(cid)
    if (stored === undefined) return []
    return edgesOf(stored)
      .filter((edge) => types?.includes(edge.type) ?? true)
      .slice(0, limit)
  }

  #edgesInto(target: Cid, { types, limit }: { types?: readonly RelationType[]; limit?: number }): Edge[] {
    const only = types === undefined ? '' : `AND type IN (${types.map(() => '?').join(', ')})`
    const rows = this.#session
      .sql<unknown[], EdgeRow>(
        `SELECT type, source, metadata FROM edge WHERE target = ? ${only} ORDER BY source, type LIMIT ?`,
      )
      .all(cidToBytes(target), ...(types ?? []), limit ?? -1)
    return rows.map((row) => edgeOf(row, target))
  }
}

function edgeOf({ type, source, metadata }: EdgeRow, target: Cid): Edge {
  const edge = { source: cidFromBytes(source), target, type }
  return metadata === null ? edge : { ...edge, metadata: JSON.parse(metadata) as NonNullable<Edge['metadata']> }
}
