import type { Cid } from '../core/cid.ts'
import type { Contribution } from '../core/contribution/contribution.ts'
import type { Edge } from '../core/contribution/relation.ts'
import type { Kind, RelationType } from '../core/contribution/schema.ts'
import type { Dimension, Place } from '../core/ranking/frontier.ts'
import type { Signals } from '../core/ranking/signals.ts'
import type { Stub } from '../core/wire/federation.ts'
import type { Filter } from '../core/wire/frontier.ts'

/** Where a contribution came from. `receivedAt` is Unix ms and is also when this grove first saw it. */
export interface Provenance {
  readonly origin: 'local' | 'peer'
  readonly peerId?: string
  readonly address?: string
  readonly receivedAt: number
}

export interface Stored extends Contribution {
  readonly provenance: Provenance
}

/** One ranked dimension, best first. */
export interface Ranking extends Dimension {
  readonly places: readonly RankedPlace[]
}

export interface RankedPlace extends Place {
  readonly contribution: Contribution
}

/** A filter that also leaves a choice, as a policy does. An empty list means nothing. */
export interface Selection extends Filter {
  /** At least one of these. */
  readonly anyTag?: readonly string[]
  readonly anyKind?: readonly Kind[]
}

export interface FrontierQuery extends Selection {
  /** Only this metric among the metrics (the signals are ranked all the same). */
  readonly metric?: string
  /** Only these dimensions at all: metric names and signal names. */
  readonly dimensions?: readonly string[]
  /** Only in this direction; otherwise the one that prevails in each metric. */
  readonly direction?: 'minimize' | 'maximize'
  /** Rows a dimension. */
  readonly limit: number
}

export interface Page {
  readonly limit: number
  readonly offset: number
}

export interface ThreadSummary {
  readonly root: Stored
  readonly replyCount: number
  /** Unix ms. */
  readonly lastReplyAt: number
}

/**
 * The graph: a grow-only set of contributions, their edges, and what follows from them.
 *
 * Contract: when `put` resolves the contribution is durable (it survives a kill at once after) and visible, together
 * with its edges, the signals of its targets, its places in the frontier and its search row: all or nothing. Puts that are
 * under way at once may share one commit. Edges may dangle; what an absent contribution has been given counts as soon as it arrives.
 * Throws `storage-full`, `storage-failed`.
 */
export interface GraphStore {
  put(contribution: Contribution, provenance: Provenance): Promise<'added' | 'present'>
  get(cid: Cid): Promise<Stored | undefined>
  /** Those that are here, in the order asked. */
  getMany(cids: readonly Cid[]): Promise<Stored[]>
  /** Those of `cids` that are not here, in their order. */
  missing(cids: readonly Cid[]): Promise<Cid[]>
  /** Cids that start with these hex digits, ascending, at most `limit`. */
  resolve(digits: string, limit: number): Promise<Cid[]>
  /** Edges that leave or reach a contribution; those that reach it by source cid, ascending, those that leave it in manifest order. */
  edges(
    cid: Cid,
    direction: 'out' | 'in',
    options?: { types?: readonly RelationType[]; limit?: number },
  ): Promise<Edge[]>
  signals(cid: Cid): Promise<Signals>
  /** Oldest first, ties by cid; `total` counts all that match. */
  list(filter: Filter, page: Page): Promise<{ items: Stored[]; total: number }>
  /** Full text over summary, description, tags and agent: every word must occur; best match first. A search holds no syntax. */
  search(text: string, filter: Filter, limit: number): Promise<Stored[]>
  /** The rankings of all dimensions that have an entry. Flat in the size of the graph without a filter. */
  frontier(query: FrontierQuery): Promise<Ranking[]>
  /** Contributions that have replies (`responds_to`, direct), by reply count, then latest reply, both falling, then cid. */
  threads(options: { tags?: readonly string[]; limit: number }): Promise<ThreadSummary[]>
  count(): Promise<number>
  /** Remembers a contribution that is known by id only, and who promised it. Adds to the promises if it is known already. No effect if it is here. */
  putStub(cid: Cid, promisedBy: readonly string[], since: number): Promise<void>
  /** Stubs, oldest first. One goes by itself when its contribution is put. */
  stubs(limit: number): Promise<Stub[]>
  close(): Promise<void>
}
