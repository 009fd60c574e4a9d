import type { Cid } from '../cid.ts'
import type { Contribution } from './contribution.ts'
import type { Relation, RelationType } from './schema.ts'

/** One relation with its source. Its target may not be held: then the edge dangles. */
export interface Edge {
  readonly source: Cid
  readonly target: Cid
  readonly type: RelationType
  readonly metadata?: Relation['metadata']
}

/** What a relation counts as for its target; undefined if it doesn't count. */
export const counts = {
  derives_from: 'adoption',
  adopts: 'adoption',
  reviews: 'review',
  reproduces: 'reproduction',
  responds_to: undefined,
} as const satisfies Record<RelationType, 'adoption' | 'review' | 'reproduction' | undefined>

/** The types of relations that make a contribution evidence: those that count in a signal. */
export const EVIDENCE: readonly RelationType[] = (Object.keys(counts) as RelationType[]).filter(
  (type) => counts[type] !== undefined,
)

/** All types: those that make a contribution say something about another, replies included. */
export const ABOUT: readonly RelationType[] = Object.keys(counts) as RelationType[]

/** What an attempt to reproduce may have come to: `result` in the metadata of its relation. */
export const RESULTS = ['confirmed', 'partial', 'challenged', 'failed'] as const

/**
 * Whether a reproduction with these metadata succeeded, at least in part. It did where it names no
 * result. A word that isn't in RESULTS counts as `challenged`: whoever wrote `refuted` did not
 * confirm.
 */
export function isReproduced(metadata: Relation['metadata']): boolean {
  const result = metadata?.['result']
  return result === undefined || result === 'confirmed' || result === 'partial'
}

/**
 * Where something said about a contribution comes in the telling. `turn` counts what came before of
 * the same kind from the same host, so that hosts take turns: how much one of them brings, and with
 * which cids, moves nobody else's back.
 */
export interface Telling {
  /** As `tellingOf` orders the kinds. */
  readonly kind: number
  readonly turn: number
  /** Its source's number in the log. */
  readonly seq: number
}

/** What a contribution says about another, in the order in which it is told to other groves. */
const TELLING = ['challenge', 'review', 'reproduction', 'adoption', 'reply'] as const

/**
 * The place of an edge's kind among what is told: 0 for a reproduction that did not succeed, which
 * nobody must miss, then reviews, reproductions, adoptions, replies.
 */
export function tellingOf({ type, metadata }: Pick<Edge, 'type' | 'metadata'>): number {
  const signal = counts[type] ?? 'reply'
  const hasFailed = signal === 'reproduction' && !isReproduced(metadata)
  return TELLING.indexOf(hasFailed ? 'challenge' : signal)
}

/** Consecutive kinds of what is told, as `tellingOf` orders them. */
export interface Kinds {
  readonly first: number
  readonly last: number
}

/** All kinds, those of evidence, and replies alone. */
export const ABOUT_KINDS: Kinds = { first: 0, last: TELLING.length - 1 }
export const EVIDENCE_KINDS: Kinds = { first: 0, last: TELLING.indexOf('adoption') }
export const REPLY_KINDS: Kinds = {
  first: TELLING.indexOf('reply'),
  last: TELLING.indexOf('reply'),
}

/** The kinds that relations of these types may be of, each once, in the order of the telling. */
export function kindsOf(types: readonly RelationType[]): number[] {
  const results = [undefined, { result: 'challenged' }]
  const kinds = types.flatMap((type) => results.map((metadata) => tellingOf({ type, metadata })))
  return [...new Set(kinds)].sort()
}

/** What an edge says about its target, without the words that count for nothing here. */
export interface Saying extends Pick<Edge, 'source' | 'type'> {
  /** Whether it derives from the target in order to replace it. */
  readonly supersedes: boolean
  readonly at: Telling
}

/** What an edge says, at its place in the telling. */
export function saidBy(edge: Edge, place: Pick<Telling, 'turn' | 'seq'>): Saying {
  const { source, type, metadata } = edge
  const supersedes = type === 'derives_from' && metadata?.['relationship'] === 'supersedes'
  return { source, type, supersedes, at: { kind: tellingOf(edge), ...place } }
}

/** Whether it is the word of a reproduction that did not succeed. */
export const isChallenge = ({ at }: Pick<Saying, 'at'>): boolean =>
  at.kind === TELLING.indexOf('challenge')

/**
 * The edges of a contribution, in manifest order. Of several relations of one type to one target,
 * only the first is an edge.
 */
export function edgesOf(contribution: Contribution): Edge[] {
  const edges = new Map<string, Edge>()
  for (const { targetCid, relationType, metadata } of contribution.manifest.relations) {
    const key = `${relationType} ${targetCid}`
    if (edges.has(key)) continue
    const edge = { source: contribution.cid, target: targetCid, type: relationType }
    edges.set(key, metadata === undefined ? edge : { ...edge, metadata })
  }
  return [...edges.values()]
}

/** The targets of a contribution's relations of these types, in manifest order; may repeat. */
export function targetsOf({ manifest }: Contribution, types: readonly RelationType[]): Cid[] {
  return manifest.relations
    .filter(({ relationType }) => types.includes(relationType))
    .map(({ targetCid }) => targetCid)
}

/** What a contribution derives from. */
export const parentsOf = (contribution: Contribution): Cid[] =>
  targetsOf(contribution, ['derives_from'])

/**
 * Contributions in an order in which each follows its parents, as far as they are given. There are
 * no cycles: a hash can't name what is made after it. O(contributions and relations).
 */
export function parentsFirst<T extends { readonly cid: Cid }>(
  contributions: readonly T[],
  parentsIn: (contribution: T) => readonly Cid[],
): T[] {
  const byCid = new Map(contributions.map((contribution) => [contribution.cid, contribution]))
  const ordered = new Set<T>()
  const begun = new Set<Cid>()
  const rest = [...contributions]
  for (let top = rest.pop(); top !== undefined; top = rest.pop()) {
    const parents = parentsIn(top).flatMap((cid) => byCid.get(cid) ?? [])
    const open = parents.filter((parent) => !ordered.has(parent))
    if (open.length === 0 || begun.has(top.cid)) ordered.add(top)
    else rest.push(top, ...open)
    begun.add(top.cid)
  }
  return [...ordered]
}
