import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { type Edge, edgesOf } from '../../core/contribution/relation.ts'
import type { RelationType } from '../../core/contribution/schema.ts'
import { type Evidence, evidenceOf, foldSignals, type Signals } from '../../core/ranking/signals.ts'
import { timestamp } from '../../core/time.ts'
import type { Stub } from '../../core/wire/federation.ts'
import type { Filter } from '../../core/wire/frontier.ts'
import type { Provenance, Stored } from '../../ports/contribution-store.ts'
import type { FrontierQuery, Page, Ranking, ThreadSummary } from '../../ports/graph-index.ts'
import type { GraphStore } from '../../ports/graph-store.ts'
import { matches } from '../filter.ts'
import { wordsOfManifest, wordsOfQuery } from '../words.ts'
import { rank } from './rank.ts'

/** The reference: everything in maps, every question answered by looking at all there is. */
export class MemoryGraph implements GraphStore {
  readonly #stored = new Map<Cid, Stored>()
  readonly #incoming = new Map<Cid, Edge[]>()
  readonly #evidence = new Map<Cid, Evidence[]>()
  readonly #stubs = new Map<Cid, { readonly promisedBy: Set<string>; readonly since: number }>()

  async put(contribution: Contribution, provenance: Provenance): Promise<'added' | 'present'> {
    const { cid, bytes, manifest } = contribution
    if (this.#stored.has(cid)) return 'present'
    this.#stored.set(cid, { cid, bytes, manifest, attestations: [], provenance })
    for (const edge of edgesOf(contribution)) append(this.#incoming, edge.target, edge)
    for (const evidence of evidenceOf(contribution))
      append(this.#evidence, evidence.target, evidence)
    this.#stubs.delete(cid)
    return 'added'
  }

  async get(cid: Cid): Promise<Stored | undefined> {
    return this.#stored.get(cid)
  }

  async getMany(cids: readonly Cid[]): Promise<Stored[]> {
    return cids.map((cid) => this.#stored.get(cid)).filter((stored) => stored !== undefined)
  }

  async missing(cids: readonly Cid[]): Promise<Cid[]> {
    return cids.filter((cid) => !this.#stored.has(cid))
  }

  async resolve(digits: string, limit: number): Promise<Cid[]> {
    return [...this.#stored.keys()]
      .filter((cid) => cid.startsWith(`blake3:${digits}`))
      .sort()
      .slice(0, limit)
  }

  async edges(
    cid: Cid,
    direction: 'out' | 'in',
    options: { types?: readonly RelationType[]; limit?: number } = {},
  ): Promise<Edge[]> {
    const edges = direction === 'in' ? this.#edgesInto(cid) : this.#edgesFrom(cid)
    return edges
      .filter((edge) => options.types?.includes(edge.type) ?? true)
      .slice(0, options.limit)
  }

  async signals(cid: Cid): Promise<Signals> {
    return this.#signalsOf(cid)
  }

  async list(filter: Filter, page: Page): Promise<{ items: Stored[]; total: number }> {
    const found = this.#matching(filter).sort(
      (a, b) => createdAt(a) - createdAt(b) || compareCids(a.cid, b.cid),
    )
    return { items: found.slice(page.offset, page.offset + page.limit), total: found.length }
  }

  async search(text: string, filter: Filter, limit: number): Promise<Stored[]> {
    const asked = wordsOfQuery(text)
    if (asked.length === 0) return []
    return this.#matching(filter)
      .map((stored) => ({ stored, words: wordsOfManifest(stored.manifest) }))
      .filter(({ words }) => asked.every((word) => words.includes(word)))
      .map(({ stored, words }) => ({
        stored,
        share: words.filter((word) => asked.includes(word)).length / words.length,
      }))
      .sort((a, b) => b.share - a.share || compareCids(a.stored.cid, b.stored.cid))
      .slice(0, limit)
      .map(({ stored }) => stored)
  }

  async frontier(query: FrontierQuery): Promise<Ranking[]> {
    return rank([...this.#stored.values()], (cid) => this.#signalsOf(cid), query)
  }

  async threads(options: { tags?: readonly string[]; limit: number }): Promise<ThreadSummary[]> {
    return this.#matching({ tags: [...(options.tags ?? [])] })
      .map((root) => ({ root, ...this.#repliesTo(root.cid) }))
      .filter((thread) => thread.replyCount > 0)
      .sort(
        (a, b) =>
          b.replyCount - a.replyCount ||
          b.lastReplyAt - a.lastReplyAt ||
          compareCids(a.root.cid, b.root.cid),
      )
      .slice(0, options.limit)
  }

  async count(): Promise<number> {
    return this.#stored.size
  }

  async putStub(cid: Cid, promisedBy: readonly string[], since: number): Promise<void> {
    if (this.#stored.has(cid)) return
    const before = this.#stubs.get(cid)
    this.#stubs.set(cid, {
      promisedBy: new Set([...(before?.promisedBy ?? []), ...promisedBy]),
      since: before?.since ?? since,
    })
  }

  async stubs(limit: number): Promise<Stub[]> {
    return [...this.#stubs]
      .sort(
        ([a, { since: sinceA }], [b, { since: sinceB }]) => sinceA - sinceB || compareCids(a, b),
      )
      .slice(0, limit)
      .map(([cid, { promisedBy, since }]) => ({
        cid,
        promisedBy: [...promisedBy],
        since: timestamp(since),
      }))
  }

  async close(): Promise<void> {}

  #matching(filter: Filter): Stored[] {
    return [...this.#stored.values()].filter((stored) => matches(stored.manifest, filter))
  }

  #signalsOf(cid: Cid): Signals {
    return foldSignals(this.#evidence.get(cid) ?? [])
  }

  #edgesFrom(cid: Cid): Edge[] {
    const stored = this.#stored.get(cid)
    return stored === undefined ? [] : edgesOf(stored)
  }

  #edgesInto(cid: Cid): Edge[] {
    return (this.#incoming.get(cid) ?? []).toSorted(compareEdges)
  }

  #repliesTo(cid: Cid): { replyCount: number; lastReplyAt: number } {
    const replies = this.#edgesInto(cid).filter((edge) => edge.type === 'responds_to')
    const moments = replies.map((edge) => createdAt(this.#stored.get(edge.source)))
    return { replyCount: replies.length, lastReplyAt: Math.max(...moments) }
  }
}

function createdAt(stored: Stored | undefined): number {
  return Date.parse(stored?.manifest.createdAt ?? '')
}

/** By source, then type: what one source says of a target in several ways stays together. */
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
