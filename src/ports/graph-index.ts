import type { Cid } from '../core/cid.ts'
import type { Edge, Kinds, Saying, Telling } from '../core/contribution/relation.ts'
import type { Kind, Manifest, RelationType } from '../core/contribution/schema.ts'
import type { Backing } from '../core/ranking/belief.ts'
import type { Age, ThreadPlace } from '../core/ranking/cursor.ts'
import type { DirectionSupport } from '../core/ranking/directions.ts'
import type { Dimension, Place } from '../core/ranking/frontier.ts'
import type { Signals } from '../core/ranking/signals.ts'
import type { Filter } from '../core/wire/frontier.ts'
import type { ListEntry } from './contribution-store.ts'

/** One dimension and its places. */
export interface Ranking extends Dimension {
  /** Best first. */
  readonly places: readonly RankedPlace[]
}

/** A place, and the contribution that takes it. */
export interface RankedPlace extends Place {
  readonly info: ContributionInfo
}

/** What a ranking has of a contribution: enough to show and advertise it without its manifest. */
export interface ContributionInfo
  extends Pick<Manifest, 'kind' | 'mode' | 'summary' | 'tags' | 'createdAt'> {
  readonly cid: Cid
  readonly agent: Pick<Manifest['agent'], 'agentId' | 'agentName' | 'platform'>
  readonly manifestBytes: number
  /** Hashes of the artifacts, each once. */
  readonly artifacts: readonly Cid[]
}

/** A filter with alternatives, as a policy has them. An empty list matches nothing. */
export interface Selection extends Filter {
  /** A contribution needs at least one of these tags. */
  readonly anyTag?: readonly string[]
  /** A contribution needs one of these kinds. */
  readonly anyKind?: readonly Kind[]
}

/** Which rankings are asked for, and of which contributions. */
export interface FrontierQuery extends Selection {
  /** Only this metric. The signals are ranked as well. */
  readonly metric?: string
  /** Only these dimensions, by the names of metrics and signals. Each costs by itself. */
  readonly dimensions?: readonly string[]
  /** Only this direction. Default: the prevailing one of each metric. */
  readonly direction?: 'minimize' | 'maximize'
  /**
   * Only places behind which at least so many groves stand: behind a signal those that have signed
   * what it counts, behind others those that have signed the work or a reproduction of it.
   */
  readonly minOrigins?: number
  /** Only what is attested (`Backing`). */
  readonly attested?: boolean
  /** The most places in each dimension. */
  readonly limit: number
}

/** The metrics that are asked for: at most `limit`, by the order of their names. */
export interface MetricsQuery {
  /** Only those after this one. */
  readonly after?: string
  /** Only those in which works rank. */
  readonly ofWorks?: boolean
  readonly limit: number
}

/** How many works have scores of one metric in this direction and unit. */
export interface FormCount extends Dimension {
  /** Undefined where the scores have none. A long unit is cut. */
  readonly unit: string | undefined
  readonly works: number
  /** How many of these were published here. */
  readonly published: number
  /** The last of those. */
  readonly latest: Cid | undefined
}

/** Groves that are counted behind one signal: a key costs its maker nothing. */
export const SIGNERS_COUNTED = 1_000

/** A part of a list: `limit` rows after the first `offset`, of those that follow `after`. */
export interface Page {
  readonly limit: number
  readonly offset: number
  readonly after?: Age | undefined
}

/** A part of a list in either order of age. */
export interface AgedPage extends Page {
  readonly oldestFirst?: boolean
}

/** A part of a list, and how many rows the whole list has. */
export interface ListedPage {
  readonly items: readonly ListEntry[]
  readonly total: number
}

/** How something that may take long is read. */
export interface ReadOptions {
  /** Ends the read, which then rejects with its reason. */
  readonly signal?: AbortSignal
  /** Who waits for it: callers take turns. */
  readonly caller?: string
}

/** What a search found. */
export interface SearchHits {
  readonly items: readonly ListEntry[]
  /**
   * Whether a word was so common that it took no part in the order: the newest first where all are.
   */
  readonly isBounded: boolean
}

/** Which threads are wanted: the first `limit` of those whose roots have all these tags. */
export interface ThreadsQuery {
  readonly tags?: readonly string[]
  readonly limit: number
  /** Only those that follow this one. */
  readonly after?: ThreadPlace | undefined
  /** Also discussions that nobody has answered. */
  readonly unanswered?: boolean
}

/** Places that one page of `said` looks through for what is new since a number. */
export const SAID_SCAN_MAX = 20_000

/** Which edges of a contribution are wanted, and at most how many. */
export interface EdgeChoice {
  readonly types?: readonly RelationType[]
  readonly limit?: number
}

/** Which contributions are wanted that have an edge to one. */
export interface SourcesQuery {
  readonly types: readonly RelationType[]
  /** Only those after this one. */
  readonly after?: Cid | undefined
  readonly limit: number
}

/** One page of what is said about a contribution. */
export interface SaidQuery {
  readonly kinds: Kinds
  /** Only what is told after this. */
  readonly after?: Telling | undefined
  /** Only what has a higher number in the log. */
  readonly since?: number | undefined
  readonly limit: number
}

/** What is said about a contribution, in the order of its telling; a source may come twice. */
export interface SaidPage {
  readonly said: readonly Saying[]
  /** Where the next page begins; undefined where there is none. */
  readonly next: Telling | undefined
}

/** How many edges lead to a contribution. */
export interface EdgeCounts {
  /** Those that count in a signal. */
  readonly evidence: number
  readonly all: number
}

/** The root of a thread, and what it ranks by among others. */
export interface RankedThread {
  readonly root: ListEntry
  readonly replyCount: number
  /** Unix ms; undefined where nobody has replied. */
  readonly lastReplyAt: number | undefined
}

/**
 * What follows from the contributions that are held: edges, signals, rankings, search.
 *
 * Contract: the transaction that stores a contribution also updates the index. Edges may dangle.
 * What counts, and what takes no places, follows from who has signed it (`OriginStore.judge`).
 * Evidence about a contribution that isn't held counts as soon as that arrives. Equals are in the
 * order of their cids, and texts by code point: `compareText`, as SQLite has them. Methods with
 * `ReadOptions` may throw `busy`, and `too-large` where reading takes too long.
 */
export interface GraphIndex {
  /** Incoming edges by ascending source, or outgoing ones in manifest order. */
  edges(cid: Cid, direction: 'out' | 'in', choice?: EdgeChoice): Promise<Edge[]>
  /** The contributions with an edge of one of these types to this one, ascending. */
  sources(cid: Cid, query: SourcesQuery): Promise<Cid[]>
  /**
   * One page of the contributions that have an edge of one of these types to this one: newest
   * first, or oldest, ties by cid. `total` counts them all. The cost grows with the number of such
   * edges.
   */
  related(
    cid: Cid,
    types: readonly RelationType[],
    page: AgedPage,
    options?: ReadOptions,
  ): Promise<ListedPage>
  /** What is said about it, page by page. O(limit), and O(`SAID_SCAN_MAX`) with `since`. */
  said(cid: Cid, query: SaidQuery): Promise<SaidPage>
  /** O(1). */
  edgeCounts(cid: Cid): Promise<EdgeCounts>
  signals(cid: Cid): Promise<Signals>
  /**
   * Which groves stand behind the signals of each, in the order of `cids`: those whose keys are
   * accepted and have signed something that counts. Of each at most SIGNERS_COUNTED are counted.
   */
  backing(cids: readonly Cid[]): Promise<Backing[]>
  /**
   * One page of the matching contributions, oldest first, ties by cid. `total` counts them all.
   * Without a filter, a page after a place costs O(limit + log n), one by its offset O(offset).
   */
  list(filter: Filter, page: Page, options?: ReadOptions): Promise<ListedPage>
  /**
   * Contributions whose summary, description, tags and agent together have every word of the text,
   * best match first, as far as they are rare. A word that ends in `*` stands for all that begin
   * with it; the text has no other syntax (BEHAVIOUR.md#search).
   */
  search(text: string, filter: Filter, limit: number, options?: ReadOptions): Promise<SearchHits>
  /**
   * The rankings of all dimensions that have a place to show, by name, each metric in the direction
   * that `rankedDirection` gives, whatever the filter. Without a filter, or with
   * kinds alone, the cost doesn't depend on the size of the graph, nor on that of manifests that
   * were ranked before.
   */
  frontier(query: FrontierQuery, options?: ReadOptions): Promise<Ranking[]>
  /**
   * The best works in these dimensions, best first in each, dimensions by name. It opens no
   * manifest: the cost is O(dimensions × limit) whatever works weigh.
   */
  bestWorks(dimensions: readonly string[], limit: number): Promise<Place[]>
  /** The names of metrics in which anything ranks. O(limit). */
  metrics(query: MetricsQuery): Promise<string[]>
  /**
   * In which directions and units works that rank have scores of these metrics: metrics in the
   * order in which they are asked for, the most used form first, at most `limit` of each metric.
   */
  scoreForms(metrics: readonly string[], limit: number): Promise<FormCount[]>
  /**
   * Metrics in which works rank: those of what was published here, then those of others, each by
   * how many voices stand behind one direction, by name where these are equal. O(limit).
   */
  foremostMetrics(limit: number): Promise<string[]>
  /** Who decides on the direction of each of these metrics, in their order. */
  directions(metrics: readonly string[]): Promise<DirectionSupport[]>
  /**
   * Contributions with direct replies (`responds_to`) that answer nothing held here themselves:
   * most replies first, then the latest reply, then by cid. At the end, if they are asked for, the
   * discussions that have no replies: newest first, ties by cid.
   */
  threads(query: ThreadsQuery, options?: ReadOptions): Promise<RankedThread[]>
}
