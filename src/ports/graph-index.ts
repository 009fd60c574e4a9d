import type { Cid } from '../core/cid.ts'
import type { Edge } from '../core/contribution/relation.ts'
import type { Kind, Manifest, RelationType } from '../core/contribution/schema.ts'
import type { Dimension, Place } from '../core/ranking/frontier.ts'
import type { Signals } from '../core/ranking/signals.ts'
import type { Filter } from '../core/wire/frontier.ts'
import type { Stored } from './contribution-store.ts'

/** One ranked dimension, best first. */
export interface Ranking extends Dimension {
  readonly places: readonly RankedPlace[]
}

export interface RankedPlace extends Place {
  readonly info: ContributionInfo
}

/** What rankings say of a contribution: enough to show and to advertise it without its manifest. */
export interface ContributionInfo
  extends Pick<Manifest, 'kind' | 'mode' | 'summary' | 'tags' | 'createdAt'> {
  readonly cid: Cid
  readonly agent: Pick<Manifest['agent'], 'agentId' | 'agentName' | 'platform'>
  readonly manifestBytes: number
  /** Hashes of the artifacts, each once. */
  readonly artifacts: readonly Cid[]
}

/** A filter that also allows alternatives, as a policy does. An empty list matches nothing. */
export interface Selection extends Filter {
  /** At least one of these. */
  readonly anyTag?: readonly string[]
  readonly anyKind?: readonly Kind[]
}

export interface FrontierQuery extends Selection {
  /** Of the metrics only this one; the signals are ranked all the same. */
  readonly metric?: string
  /** Only these dimensions, by the names of metrics and signals. */
  readonly dimensions?: readonly string[]
  /** Only this direction; without it, the prevailing one of each metric. */
  readonly direction?: 'minimize' | 'maximize'
  /** Rows a dimension. */
  readonly limit: number
}

export interface Page {
  readonly limit: number
  readonly offset: number
}

/** The first `limit` of those that have all these tags. */
export interface TagQuery {
  readonly tags?: readonly string[]
  readonly limit: number
}

/** Which edges of a contribution are wanted, and at most how many. */
export interface EdgeChoice {
  readonly types?: readonly RelationType[]
  readonly limit?: number
}

/** A contribution that has replies, and what it ranks by among others. */
export interface RankedThread {
  readonly root: Stored
  readonly replyCount: number
  /** Unix ms. */
  readonly lastReplyAt: number
}

/**
 * What is derived from the contributions that are held: edges, signals, rankings, search.
 *
 * Contract: it is brought up to date in the transaction that stores a contribution. Edges may
 * dangle; evidence for an absent contribution counts as soon as that arrives. Equals are in the
 * order of their cids, and texts by code point: `compareText`, as SQLite has them.
 */
export interface GraphIndex {
  /** Incoming edges by source cid, ascending; outgoing ones in manifest order. */
  edges(cid: Cid, direction: 'out' | 'in', choice?: EdgeChoice): Promise<Edge[]>
  signals(cid: Cid): Promise<Signals>
  /** Oldest first, ties by cid; `total` counts all matches. */
  list(filter: Filter, page: Page): Promise<{ items: Stored[]; total: number }>
  /**
   * Full text over summary, description, tags and agent: every word must occur; best match first.
   * A search holds no syntax.
   */
  search(text: string, filter: Filter, limit: number): Promise<Stored[]>
  /**
   * The rankings of all dimensions that have an entry, by name. Without a filter, flat in the
   * graph's size, and in the size of manifests that were ranked before.
   */
  frontier(query: FrontierQuery): Promise<Ranking[]>
  /**
   * Contributions that have replies (`responds_to`, direct): by reply count, then latest reply,
   * both falling, then cid.
   */
  threads(query: TagQuery): Promise<RankedThread[]>
}
