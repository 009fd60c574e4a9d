import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { type Edge, EVIDENCE } from '../../core/contribution/relation.ts'
import type { RelationType } from '../../core/contribution/schema.ts'
import { STUBS_MAX } from '../../core/limits.ts'
import { hexDigits, type Random } from '../../core/random.ts'
import type { DirectionSupport } from '../../core/ranking/directions.ts'
import type { Place } from '../../core/ranking/frontier.ts'
import { type Evidence, foldSignals, type Signals } from '../../core/ranking/signals.ts'
import { timestamp } from '../../core/time.ts'
import type { Stub } from '../../core/wire/federation.ts'
import type { Filter } from '../../core/wire/frontier.ts'
import type { LogEntry, LogLine, Provenance, Stored } from '../../ports/contribution-store.ts'
import type {
  EdgeChoice,
  EdgeCounts,
  FormCount,
  FrontierQuery,
  MetricsQuery,
  Page,
  RankedThread,
  Ranking,
  SaidPage,
  SaidQuery,
  SearchHits,
  SourcesQuery,
  ThreadsQuery,
} from '../../ports/graph-index.ts'
import type { GraphStore } from '../../ports/graph-store.ts'
import { consequencesOf, tellerOf } from '../derive.ts'
import { Epochs } from '../epochs.ts'
import { matches } from '../filter.ts'
import { SEARCH_COMMON_ROWS, type Term, termsOfQuery } from '../words.ts'
import { foremostIn, formsIn, type Held, metricsOf, rank, supportIn } from './rank.ts'
import { Told } from './told.ts'

/** Stubs that go at once, as in SQLite. */
const STUBS_ROOM = 64

/** Who promised an absent contribution, and since when (Unix ms). */
interface Promised {
  readonly promisedBy: ReadonlySet<string>
  readonly since: number
}

/** The reference: everything in maps, every query answered by looking at all there is. */
export class MemoryGraph implements GraphStore {
  readonly #epochs: Epochs
  readonly #held = new Map<Cid, Held>()
  /** In the order of arrival: number n is at n - 1. */
  readonly #log: Stored[] = []
  readonly #incoming = new Map<Cid, Edge[]>()
  readonly #evidence = new Map<Cid, Evidence[]>()
  readonly #told = new Told()
  readonly #stubs = new Map<Cid, Promised>()

  constructor(random: Random) {
    this.#epochs = new Epochs([{ id: hexDigits(random, 16), after: 0 }])
  }

  async put(contribution: Contribution, provenance: Provenance): Promise<'added' | 'present'> {
    const { cid, bytes, manifest } = contribution
    if (this.#held.has(cid)) return 'present'
    const stored = { cid, bytes, manifest, attestations: [], provenance }
    const held = { stored, ...consequencesOf(stored, provenance.receivedAt) }
    this.#held.set(cid, held)
    this.#log.push(stored)
    for (const edge of held.edges) append(this.#incoming, edge.target, edge)
    this.#told.add(held.edges, { seq: this.#log.length, host: tellerOf(provenance) })
    for (const { target, evidence } of held.gains)
      if (evidence !== undefined) append(this.#evidence, target, evidence)
    this.#stubs.delete(cid)
    return 'added'
  }

  async get(cid: Cid): Promise<Stored | undefined> {
    return this.#held.get(cid)?.stored
  }

  async getMany(cids: readonly Cid[]): Promise<Stored[]> {
    return cids.flatMap((cid) => this.#held.get(cid)?.stored ?? [])
  }

  async missing(cids: readonly Cid[]): Promise<Cid[]> {
    return cids.filter((cid) => !this.#held.has(cid))
  }

  async resolve(digits: string, limit: number): Promise<Cid[]> {
    return [...this.#held.keys()]
      .filter((cid) => cid.startsWith(`blake3:${digits}`))
      .sort()
      .slice(0, limit)
  }

  async resolveKnown(digits: string, limit: number): Promise<Cid[]> {
    return [...new Set([...this.#incoming.keys(), ...this.#stubs.keys()])]
      .filter((cid) => !this.#held.has(cid) && cid.startsWith(`blake3:${digits}`))
      .sort()
      .slice(0, limit)
  }

  async edges(cid: Cid, direction: 'out' | 'in', choice: EdgeChoice = {}): Promise<Edge[]> {
    const edges = direction === 'in' ? this.#edgesInto(cid) : (this.#held.get(cid)?.edges ?? [])
    const { types, limit } = choice
    return edges.filter(({ type }) => types?.includes(type) ?? true).slice(0, limit)
  }

  async sources(cid: Cid, { types, after, limit }: SourcesQuery): Promise<Cid[]> {
    const sources = (await this.edges(cid, 'in', { types })).map(({ source }) => source)
    return [...new Set(sources)]
      .filter((source) => after === undefined || source > after)
      .slice(0, limit)
  }

  async related(
    cid: Cid,
    types: readonly RelationType[],
    { limit, offset }: Page,
  ): Promise<{ items: Stored[]; total: number }> {
    const edges = this.#edgesInto(cid).filter((edge) => types.includes(edge.type))
    const sources = [...new Set(edges.map((edge) => edge.source))]
    const found = sources
      .flatMap((source) => this.#held.get(source) ?? [])
      .sort((a, b) => b.createdMs - a.createdMs || compareCids(a.stored.cid, b.stored.cid))
    const items = found.slice(offset, offset + limit).map(({ stored }) => stored)
    return { items, total: found.length }
  }

  async said(cid: Cid, query: SaidQuery): Promise<SaidPage> {
    return this.#told.page(cid, query)
  }

  async edgeCounts(cid: Cid): Promise<EdgeCounts> {
    const edges = this.#edgesInto(cid)
    const evidence = edges.filter(({ type }) => EVIDENCE.includes(type)).length
    return { evidence, all: edges.length }
  }

  async signals(cid: Cid): Promise<Signals> {
    return this.#signalsOf(cid)
  }

  async list(filter: Filter, page: Page): Promise<{ items: Stored[]; total: number }> {
    const found = this.#matching(filter).sort(
      (a, b) => a.createdMs - b.createdMs || compareCids(a.stored.cid, b.stored.cid),
    )
    const items = found.slice(page.offset, page.offset + page.limit).map(({ stored }) => stored)
    return { items, total: found.length }
  }

  async search(text: string, filter: Filter, limit: number): Promise<SearchHits> {
    const asked = termsOfQuery(text)
    if (asked.length === 0) return { items: [], isBounded: false }
    const isMeant = (found: string, { word, isPrefix }: Term) =>
      isPrefix ? found.startsWith(word) : found === word
    const has = ({ words }: Held, term: Term) => words.some((word) => isMeant(word, term))
    const all = [...this.#held.values()]
    const rare = asked.filter(
      (term) => all.filter((held) => has(held, term)).length <= SEARCH_COMMON_ROWS,
    )
    const found = this.#matching(filter).filter((held) => asked.every((term) => has(held, term)))
    const items = found
      .map(({ stored, words }, index) => ({
        stored,
        index,
        share:
          words.filter((word) => rare.some((term) => isMeant(word, term))).length / words.length,
      }))
      .sort((a, b) =>
        rare.length === 0
          ? b.index - a.index
          : b.share - a.share || compareCids(a.stored.cid, b.stored.cid),
      )
      .slice(0, limit)
      .map(({ stored }) => stored)
    return { items, isBounded: rare.length < asked.length }
  }

  async frontier(query: FrontierQuery): Promise<Ranking[]> {
    return rank([...this.#held.values()], (cid) => this.#signalsOf(cid), query)
  }

  async bestWorks(dimensions: readonly string[], limit: number): Promise<Place[]> {
    const rankings = await this.frontier({ kind: 'work', dimensions, limit })
    return rankings.flatMap(({ places }) => places.map(({ info: _, ...place }) => place))
  }

  async metrics(query: MetricsQuery): Promise<string[]> {
    return metricsOf([...this.#held.values()], query)
  }

  async scoreForms(metrics: readonly string[], limit: number): Promise<FormCount[]> {
    const all = [...this.#held.values()]
    return metrics.flatMap((metric) => formsIn(all, metric).slice(0, limit))
  }

  async foremostMetrics(limit: number): Promise<string[]> {
    return foremostIn([...this.#held.values()]).slice(0, limit)
  }

  async directions(metrics: readonly string[]): Promise<DirectionSupport[]> {
    const all = [...this.#held.values()]
    return metrics.map((metric) => supportIn(all, metric))
  }

  async threads({ tags = [], limit, unanswered = false }: ThreadsQuery): Promise<RankedThread[]> {
    const roots = this.#matching({ tags: [...tags] })
      .filter(({ edges }) => !edges.some((edge) => this.#isReply(edge)))
      .map(({ stored: root, createdMs }) => ({ root, createdMs, ...this.#repliesTo(root.cid) }))
    const answered = roots
      .filter((thread) => thread.replyCount > 0)
      .sort(
        (a, b) =>
          b.replyCount - a.replyCount ||
          (b.lastReplyAt ?? 0) - (a.lastReplyAt ?? 0) ||
          compareCids(a.root.cid, b.root.cid),
      )
    const others = roots
      .filter(({ root, replyCount }) => replyCount === 0 && root.manifest.kind === 'discussion')
      .sort((a, b) => b.createdMs - a.createdMs || compareCids(a.root.cid, b.root.cid))
    return [...answered, ...(unanswered ? others : [])]
      .slice(0, limit)
      .map(({ createdMs: _, ...thread }) => thread)
  }

  async count(): Promise<number> {
    return this.#held.size
  }

  async since(seq: number, limit: number): Promise<LogEntry[]> {
    return this.#log
      .slice(seq, seq + limit)
      .map((stored, index) => ({ seq: seq + index + 1, stored }))
  }

  async linesBefore(seq: number, limit: number): Promise<LogLine[]> {
    return this.#log
      .map(({ cid, provenance }, index) => ({ seq: index + 1, cid, origin: provenance.origin }))
      .slice(0, Math.max(0, seq - 1))
      .reverse()
      .slice(0, limit)
  }

  position(seq: number): string {
    return this.#epochs.position(seq)
  }

  seqAt(position: string): number | undefined {
    return this.#epochs.seqAt(position)
  }

  async lastSeq(): Promise<number> {
    return this.#log.length
  }

  async putStub(cid: Cid, promisedBy: readonly string[], since: number): Promise<void> {
    if (this.#held.has(cid)) return
    const before = this.#stubs.get(cid)
    if (before === undefined && this.#stubs.size >= STUBS_MAX) this.#makeRoom()
    this.#stubs.set(cid, {
      promisedBy: new Set([...(before?.promisedBy ?? []), ...promisedBy]),
      since: before?.since ?? since,
    })
  }

  /** Drops the oldest stubs of one group: those that nobody promised, else the largest. */
  #makeRoom(): void {
    const groups = Map.groupBy(this.#stubs, ([, { promisedBy }]) => [...promisedBy].join(' '))
    const sizes = [...groups].map(([key, { length }]) => [key, length] as const)
    const [largest] = sizes.toSorted((a, b) => b[1] - a[1])
    const group = groups.get('') ?? groups.get(largest?.[0] ?? '') ?? []
    const oldest = group.toSorted(([, { since }], [, other]) => since - other.since)
    for (const [cid] of oldest.slice(0, STUBS_ROOM)) this.#stubs.delete(cid)
  }

  async stub(cid: Cid): Promise<Stub | undefined> {
    const promised = this.#stubs.get(cid)
    return promised === undefined ? undefined : stubOf(cid, promised)
  }

  async stubCount(): Promise<number> {
    return this.#stubs.size
  }

  async stubs(limit: number): Promise<Stub[]> {
    return [...this.#stubs]
      .sort(([a, { since }], [b, other]) => since - other.since || compareCids(a, b))
      .slice(0, limit)
      .map(([cid, promised]) => stubOf(cid, promised))
  }

  async close(): Promise<void> {}

  #matching(filter: Filter): Held[] {
    return [...this.#held.values()].filter(({ stored }) => matches(stored.manifest, filter))
  }

  #signalsOf(cid: Cid): Signals {
    return foldSignals(this.#evidence.get(cid) ?? [])
  }

  #edgesInto(cid: Cid): Edge[] {
    return (this.#incoming.get(cid) ?? []).toSorted(compareEdges)
  }

  /** To something that is held. */
  #isReply({ type, target }: Edge): boolean {
    return type === 'responds_to' && this.#held.has(target)
  }

  #repliesTo(cid: Cid): Omit<RankedThread, 'root'> {
    const replies = this.#edgesInto(cid).filter((edge) => edge.type === 'responds_to')
    const moments = replies.map((edge) => this.#held.get(edge.source)?.createdMs ?? Number.NaN)
    const lastReplyAt = replies.length === 0 ? undefined : Math.max(...moments)
    return { replyCount: replies.length, lastReplyAt }
  }
}

function stubOf(cid: Cid, { promisedBy, since }: Promised): Stub {
  return { cid, promisedBy: [...promisedBy], since: timestamp(since) }
}

/** By source, then type: several relations of one source stay together. */
function compareEdges(a: Edge, b: Edge): number {
  return compareCids(a.source, b.source) || (a.type < b.type ? -1 : a.type > b.type ? 1 : 0)
}

function compareCids(a: Cid, b: Cid): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
