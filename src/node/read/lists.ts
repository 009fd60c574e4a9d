import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { ABOUT } from '../../core/contribution/relation.ts'
import { membersOf } from '../../core/contribution/scan.ts'
import type { RelationType } from '../../core/contribution/schema.ts'
import { ageIn, ageText, compareAges } from '../../core/ranking/cursor.ts'
import type { Filter, SearchResult } from '../../core/wire/frontier.ts'
import type { ListEntry } from '../../ports/contribution-store.ts'
import type { ListedPage, ReadOptions } from '../../ports/graph-index.ts'
import type { ReadContext } from '../context.ts'
import { contributionOf } from './queries.ts'
import { saidInTurns } from './said-in-turns.ts'

/** Which part of a list is asked for. */
export interface PartOf {
  readonly limit: number
  /** Rows that are left out before it. Default: 0. */
  readonly offset?: number
  /** Where it begins: the `next` of the part before. */
  readonly after?: string
  /**
   * With so many bytes of manifests it ends. It has at least one row. Default: it ends by `limit`
   * alone.
   */
  readonly maxBytes?: number
}

/** A part of a list by its rows, whose manifests are still to be read. */
export interface ListPart<T = ListEntry> {
  readonly rows: readonly T[]
  /** Where the rest begins, if there is any. */
  readonly next: string | undefined
}

interface Cut<T> {
  readonly sizeOf: (row: T) => number
  readonly placeOf: (row: T) => string
}

/** The part at the beginning of these rows, of which one more than `limit` was read. */
export function cutPart<T>(
  found: readonly T[],
  { limit, maxBytes = Number.POSITIVE_INFINITY }: Pick<PartOf, 'limit' | 'maxBytes'>,
  { sizeOf, placeOf }: Cut<T>,
): ListPart<T> {
  const rows: T[] = []
  let bytes = 0
  for (const row of found.slice(0, limit)) {
    bytes += sizeOf(row)
    if (rows.length > 0 && bytes > maxBytes) break
    rows.push(row)
  }
  const last = rows.at(-1)
  const isMore = rows.length < found.length
  return { rows, next: isMore && last !== undefined ? placeOf(last) : undefined }
}

const byAge: Cut<ListEntry> = { sizeOf: ({ sizeBytes }) => sizeBytes, placeOf: ageText }

/** A part of the contributions that match, oldest first, and how many match in all. */
export async function listContributions(
  node: ReadContext,
  filter: Filter,
  part: PartOf,
  options?: ReadOptions,
): Promise<ListPart & { readonly total: number }> {
  const { items, total } = await node.index.list(filter, pageOf(part), options)
  return { ...cutPart(items, part, byAge), total }
}

/** What counts as the word of others on a contribution. */
export const EVIDENCE_LISTED = ['reviews', 'reproduces', 'adopts'] as const satisfies RelationType[]

interface RelatedQuery extends PartOf {
  readonly types?: readonly RelationType[] | undefined
}

/** Edges of each kind that are read for one part of the children of a contribution. */
const EDGES_MAX = 10_000
/** Rows that are looked up at once. */
const LOOKED_UP = 500

/**
 * Contributions with a relation to this one, oldest first: if there are very many, some of each
 * kind and host. Throws `not-found`.
 */
export async function children(
  node: ReadContext,
  cid: Cid,
  query: RelatedQuery,
  options?: ReadOptions,
): Promise<ListPart> {
  const { types = ABOUT } = query
  const { all } = await node.index.edgeCounts(cid)
  if (all > EDGES_MAX) {
    const said = (await saidInTurns(node, cid, types, EDGES_MAX)).slice(0, EDGES_MAX)
    return agedPart(node, new Set(said.map(({ source }) => source)), query)
  }
  const page = { ...pageOf(query), oldestFirst: true }
  return relatedPart(node, cid, query, await node.index.related(cid, types, page, options))
}

/**
 * Contributions that say something about this one, newest first, and how many there are. Throws
 * `not-found`.
 */
export async function evidenceFor(
  node: ReadContext,
  cid: Cid,
  query: RelatedQuery,
  options?: ReadOptions,
): Promise<ListPart & { readonly total: number }> {
  const types = query.types ?? EVIDENCE_LISTED
  const found = await node.index.related(cid, types, pageOf(query), options)
  return relatedPart(node, cid, query, found)
}

async function relatedPart(
  node: ReadContext,
  cid: Cid,
  query: RelatedQuery,
  { items, total }: ListedPage,
): Promise<ListPart & { readonly total: number }> {
  if (total === 0) await contributionOf(node, cid)
  return { ...cutPart(items, query, byAge), total }
}

/** Held contributions that this one has a relation to, oldest first. Throws `not-found`. */
export async function ancestors(
  node: ReadContext,
  cid: Cid,
  query: RelatedQuery,
): Promise<ListPart> {
  const { types } = query
  await contributionOf(node, cid)
  const edges = await node.index.edges(cid, 'out', types === undefined ? {} : { types })
  return agedPart(node, new Set(edges.map(({ target }) => target)), query)
}

/** A part of those of these contributions that are held, oldest first. */
async function agedPart(
  node: ReadContext,
  cids: ReadonlySet<Cid>,
  { after, ...part }: PartOf,
): Promise<ListPart> {
  const start = after === undefined ? undefined : ageIn(after)
  const rows: ListEntry[] = []
  for (let left = [...cids]; left.length > 0; left = left.slice(LOOKED_UP)) {
    await node.breathe()
    for (const row of await node.contributions.listed(left.slice(0, LOOKED_UP)))
      if (start === undefined || compareAges(row, start) > 0) rows.push(row)
  }
  return cutPart(rows.sort(compareAges), part, byAge)
}

/** What a search asks for. */
interface SearchQuestion extends PartOf {
  readonly text: string
  readonly filter: Filter
  /** How far down the list of matches anybody can look. */
  readonly most: number
}

/**
 * A part of what a full-text search finds, best match first; and whether very common words took no
 * part in the order. What is stored meanwhile may move the matches: the order weighs words by how
 * rare they are.
 */
export async function searchContributions(
  node: ReadContext,
  { text, filter, most, after = '0', ...part }: SearchQuestion,
  options?: ReadOptions,
): Promise<ListPart & { readonly isBounded: boolean }> {
  const from = Math.min((part.offset ?? 0) + Number(after), most)
  const wanted = Math.min(from + part.limit + 1, most)
  const { items, isBounded } = await node.index.search(text, filter, wanted, options)
  const ranked = items.slice(from).map((row, index) => ({ row, end: from + index + 1 }))
  const { rows, next } = cutPart(ranked, part, {
    sizeOf: ({ row }) => row.sizeBytes,
    placeOf: ({ end }) => String(end),
  })
  return { rows: rows.map(({ row }) => row), next, isBounded }
}

/** The members of a manifest that a search shows. */
const SHOWN = ['summary', 'kind', 'mode', 'tags', 'scores', 'createdAt', 'agent'] as const

/** What a search shows of a contribution, by the bytes of its manifest. */
export function resultOf({ cid, bytes }: Pick<Contribution, 'cid' | 'bytes'>): SearchResult {
  const { summary, kind, mode, tags, scores, createdAt, agent } = membersOf(bytes, SHOWN)
  return {
    cid,
    summary,
    kind,
    mode,
    tags,
    ...(scores === undefined ? {} : { scores }),
    agentId: agent.agentId,
    createdAt,
  }
}

/** One row more is read, which tells whether there is a rest. */
function pageOf({ limit, offset = 0, after }: PartOf) {
  return { limit: limit + 1, offset, ...(after === undefined ? {} : { after: ageIn(after) }) }
}
