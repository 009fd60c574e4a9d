import type { Cid } from '../core/cid.ts'
import type { Contribution } from '../core/contribution/contribution.ts'
import { type Edge, EVIDENCE, edgesOf } from '../core/contribution/relation.ts'
import type { Kind, Manifest, Score } from '../core/contribution/schema.ts'
import { scoreOf } from '../core/ranking/advertisement.ts'
import type { SignedBy } from '../core/ranking/belief.ts'
import {
  isRanked,
  isSignalMetric,
  ownPlaces,
  type Place,
  type SignalMetric,
} from '../core/ranking/frontier.ts'
import { type Evidence, evidenceOf } from '../core/ranking/signals.ts'
import type { Provenance, Stored } from '../ports/contribution-store.ts'
import type { EdgeCounts } from '../ports/graph-index.ts'
import { facetsOfManifest } from './filter.ts'
import { wordsOfManifest } from './words.ts'

/** Characters (UTF-16 units) of a unit that count when forms of scores are told apart. */
const UNIT_MAX_CHARS = 64

/**
 * What the index of every store takes from one contribution by itself. What others say of it, and
 * the places that this gives it, depends on them: a store adds up their gains.
 */
export interface Consequences {
  /** Unix ms. */
  readonly createdMs: number
  /** Whether it takes places in rankings. */
  readonly isRanked: boolean
  /** Those of its kind among which it ranks. */
  readonly kind: Kind
  /** The places that it takes by its own word; its signals give it others. */
  readonly places: readonly Place[]
  /** How the scores that rank a work are meant; none of another kind. */
  readonly forms: readonly ScoreForm[]
  /** In manifest order. */
  readonly edges: readonly Edge[]
  /** What its targets gain, one entry a target. */
  readonly gains: readonly Gain[]
  /** What a search finds it by, in the order of its text. */
  readonly words: readonly string[]
  /** What a filter finds it by. */
  readonly facets: readonly string[]
}

/** How a score is meant, whatever its value. */
export interface ScoreForm extends Pick<Score, 'direction' | 'unit'> {
  readonly metric: string
}

/** What one target, present or not, gains by a contribution. */
export interface Gain {
  readonly target: Cid
  /** Undefined where no edge to the target counts for anything. */
  readonly evidence: Evidence | undefined
  /** When it replied (Unix ms); undefined where it is no reply. */
  readonly repliedMs: number | undefined
  /** The edges that lead to it. */
  readonly counts: EdgeCounts
}

/** Derives what follows from a contribution that was first seen at a moment (Unix ms). Pure. */
export function consequencesOf(contribution: Contribution, firstSeenMs: number): Consequences {
  const { manifest } = contribution
  const createdMs = Date.parse(manifest.createdAt)
  const places = ownPlaces(contribution, firstSeenMs)
  return {
    createdMs,
    isRanked: isRanked(contribution),
    kind: manifest.kind,
    places,
    forms: manifest.kind === 'work' ? formsOf(manifest, places) : [],
    edges: edgesOf(contribution),
    gains: gainsOf(contribution, createdMs),
    words: wordsOfManifest(manifest),
    facets: facetsOfManifest(manifest),
  }
}

/** The dimensions in which evidence may move its target. */
export function touchedBy({ adoption, reproduction, reviewCount }: Evidence): SignalMetric[] {
  const touched: SignalMetric[] = []
  if (adoption > 0) touched.push('_adoption')
  if (reviewCount > 0) touched.push('_review_score')
  if (reproduction > 0) touched.push('_reproduction')
  return touched
}

/** What of a target's signals the evidence counts in. */
export function signalsIn({ adoption, reproduction, reviewCount }: Evidence): (keyof SignedBy)[] {
  const signals: (keyof SignedBy)[] = []
  if (adoption > 0) signals.push('adoption')
  if (reproduction > 0) signals.push('reproduction')
  if (reviewCount > 0) signals.push('reviews')
  return signals
}

function formsOf(manifest: Manifest, places: readonly Place[]): ScoreForm[] {
  return places.flatMap(({ metric, direction }) => {
    if (isSignalMetric(metric)) return []
    const unit = scoreOf(manifest, metric)?.unit?.slice(0, UNIT_MAX_CHARS)
    return [{ metric, direction, ...(unit ? { unit } : {}) }]
  })
}

/** What each target of a contribution gains by it. */
export function gainsOf(contribution: Contribution, createdMs: number): Gain[] {
  const byTarget = Map.groupBy(edgesOf(contribution), ({ target }) => target)
  const evidence = new Map(evidenceOf(contribution).map((item) => [item.target, item]))
  return [...byTarget].map(([target, edges]) => ({
    target,
    evidence: evidence.get(target),
    repliedMs: edges.some(({ type }) => type === 'responds_to') ? createdMs : undefined,
    counts: countsOf(edges),
  }))
}

function countsOf(edges: readonly Edge[]): EdgeCounts {
  const evidence = edges.filter(({ type }) => EVIDENCE.includes(type)).length
  return { evidence, all: edges.length }
}

/** Who takes turns in what is told about a contribution: this grove itself, and each other host. */
export function tellerOf({ origin, host, address }: Provenance): string {
  return origin === 'local' ? '' : (host ?? address ?? '')
}

/**
 * Who speaks for what a contribution says: what is counted by voice counts each once. It is the
 * host that brought it, which has to answer at an address; undefined for what was published here.
 */
export function voiceOf({ provenance }: Stored): string | undefined {
  return provenance.origin === 'local' ? undefined : tellerOf(provenance)
}

/** The scores of a contribution that rank, which say in which direction their metrics do. */
export function directedPlaces({ places }: Pick<Consequences, 'places'>): readonly Place[] {
  return places.filter(({ metric }) => !isSignalMetric(metric))
}
