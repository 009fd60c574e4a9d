import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { type Edge, EVIDENCE } from '../../core/contribution/relation.ts'
import type { RelationType } from '../../core/contribution/schema.ts'
import { hexDigits, type Random } from '../../core/random.ts'
import type { Backing } from '../../core/ranking/belief.ts'
import { compareAges, threadPlaceOf } from '../../core/ranking/cursor.ts'
import type { DirectionSupport } from '../../core/ranking/directions.ts'
import type { Place } from '../../core/ranking/frontier.ts'
import { type Evidence, foldSignals, type Signals } from '../../core/ranking/signals.ts'
import type { Stub } from '../../core/wire/federation.ts'
import type { Filter } from '../../core/wire/frontier.ts'
import {
  type ListEntry,
  type LogEntry,
  type LogLine,
  type Provenance,
  SINCE_MAX_BYTES,
  type Stored,
  type StoreOptions,
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
import { compareCids, compareNewest, compareThreads, listedOf, pageOf } from './lists.ts'
import { MemoryOrigins } from './origins.ts'
import { foremostIn, formsIn, type Held, metricsOf, rank, supportIn } from './rank.ts'
import { MemoryStubs } from './stubs.ts'
import { Told } from './told.ts'

/** The reference: everything in maps, every query answered by looking at all there is. */
export class MemoryGraph implements GraphStore {
  readonly origins = new MemoryOrigins(() => this.#log)
  readonly #epochs: Epochs
  readonly #held = new Map<Cid, Held>()
  /** In the order of arrival: number n is at n - 1. */
  readonly #log: Stored[] = []
  readonly #incoming = new Map<Cid, Edge[]>()
  readonly #evidence = new Map<Cid, Evidence[]>()
  readonly #told = new Told()
  readonly #stubs = new MemoryStubs()

  constructor(random: Random) {
    this.#epochs = new Epochs([{ id: hexDigits(random, 16), after: 0 }])
  }

  async put(
    contribution: Contribution,
    provenance: Provenance,
    { origins = [] }: StoreOptions = {},
  ): Promise<'added' | 'present'> {
    const { cid, bytes, manifest } = contribution
    const signed = [...origins, ...this.origins.own(cid, provenance)]
    this.origins.keep(cid, signed, provenance.origin)
    if (this.#held.has(cid)) return 'present'
    const stored = { cid, bytes, manifest, attestations: [], provenance }
    const seq = this.#log.length + 1
    const held = { stored, seq, ...consequencesOf(stored, provenance.receivedAt) }
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

  async bytes(cid: Cid): Promise<Uint8Array | undefined> {
    return this.#held.get(cid)?.stored.bytes
  }

  async listed(cids: readonly Cid[]): Promise<ListEntry[]> {
    return cids.flatMap((cid) => this.#held.get(cid) ?? []).map(listedOf)
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
    return [...new Set([...this.#incoming.keys(), ...this.#stubs.cids()])]
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
    { oldestFirst = false, ...page }: AgedPage,
  ): Promise<ListedPage> {
    const edges = this.#edgesInto(cid).filter((edge) => types.includes(edge.type))
    const sources = [...new Set(edges.map((edge) => edge.source))]
    const held = sources.flatMap((source) => this.#held.get(source) ?? [])
    return pageOf(held, page, oldestFirst ? compareAges : compareNewest)
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

  async backing(cids: readonly Cid[]): Promise<Backing[]> {
    return cids.map((cid) => this.origins.backing(cid, this.#evidenceAbout(cid)))
  }

  async list(filter: Filter, page: Page): Promise<ListedPage> {
    return pageOf(this.#matching(filter), page, compareAges)
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
    const shareOf = ({ words }: Held) =>
      words.filter((word) => rare.some((term) => isMeant(word, term))).length / words.length
    const found = this.#matching(filter).filter((held) => asked.every((term) => has(held, term)))
    const items = found
      .map((held, index) => ({ held, index, share: shareOf(held) }))
      .sort((a, b) =>
        rare.length === 0
          ? b.index - a.index
          : b.share - a.share || compareCids(a.held.stored.cid, b.held.stored.cid),
      )
      .slice(0, limit)
      .map(({ held }) => listedOf(held))
    return { items, isBounded: rare.length < asked.length }
  }

  async frontier(query: FrontierQuery): Promise<Ranking[]> {
    return rank(
      this.#rankable(),
      (cid) => this.#signalsOf(cid),
      query,
      (cid) => this.origins.backing(cid, this.#evidenceAbout(cid)),
    )
  }

  async bestWorks(dimensions: readonly string[], limit: number): Promise<Place[]> {
    const rankings = await this.frontier({ kind: 'work', dimensions, limit })
    return rankings.flatMap(({ places }) => places.map(({ info: _, ...place }) => place))
  }

  async metrics(query: MetricsQuery): Promise<string[]> {
    return metricsOf(this.#rankable(), query)
  }

  async scoreForms(metrics: readonly string[], limit: number): Promise<FormCount[]> {
    const all = this.#rankable()
    return metrics.flatMap((metric) => formsIn(all, metric).slice(0, limit))
  }

  async foremostMetrics(limit: number): Promise<string[]> {
    return foremostIn(this.#rankable()).slice(0, limit)
  }

  async directions(metrics: readonly string[]): Promise<DirectionSupport[]> {
    const all = this.#rankable()
    return metrics.map((metric) => supportIn(all, metric))
  }

  async threads(query: ThreadsQuery): Promise<RankedThread[]> {
    const { tags = [], limit, after, unanswered = false } = query
    return this.#matching({ tags: [...tags] })
      .filter(({ edges }) => !edges.some((edge) => this.#isReply(edge)))
      .map((held) => ({
        root: listedOf(held),
        kind: held.stored.manifest.kind,
        ...this.#repliesTo(held.stored.cid),
      }))
      .filter(({ replyCount, kind }) => replyCount > 0 || (unanswered && kind === 'discussion'))
      .filter((thread) => after === undefined || compareThreads(threadPlaceOf(thread), after) > 0)
      .sort((a, b) => compareThreads(threadPlaceOf(a), threadPlaceOf(b)))
      .slice(0, limit)
      .map(({ kind: _, ...thread }) => thread)
  }

  async count(): Promise<number> {
    return this.#held.size
  }

  async since(seq: number, limit: number): Promise<LogEntry[]> {
    const entries: LogEntry[] = []
    let bytes = 0
    for (const stored of this.#log.slice(seq, seq + limit)) {
      if (bytes >= SINCE_MAX_BYTES) break
      entries.push({ seq: seq + entries.length + 1, stored })
      bytes += stored.bytes.byteLength
    }
    return entries
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
    this.#stubs.add(cid, promisedBy, since)
  }

  async stub(cid: Cid): Promise<Stub | undefined> {
    return this.#stubs.of(cid)
  }

  async stubCount(): Promise<number> {
    return this.#stubs.count
  }

  async stubs(limit: number): Promise<Stub[]> {
    return this.#stubs.oldest(limit)
  }

  async close(): Promise<void> {}

  #matching(filter: Filter): Held[] {
    return [...this.#held.values()].filter(({ stored }) => matches(stored.manifest, filter))
  }

  #signalsOf(cid: Cid): Signals {
    return foldSignals(this.#evidenceAbout(cid))
  }

  /** What counts of what is said about it. */
  #evidenceAbout(cid: Cid): Evidence[] {
    return (this.#evidence.get(cid) ?? []).filter(({ source }) => {
      const held = this.#held.get(source)
      return held !== undefined && this.origins.judgement(held.stored) === 'counts'
    })
  }

  /** What may take places, in log order. */
  #rankable(): Held[] {
    return [...this.#held.values()].filter(
      ({ stored }) => this.origins.judgement(stored) !== 'blocked',
    )
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

/** By source, then type: several relations of one source stay together. */
function compareEdges(a: Edge, b: Edge): number {
  return compareCids(a.source, b.source) || (a.type < b.type ? -1 : a.type > b.type ? 1 : 0)
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
