import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { RESULTS, targetsOf } from '../../core/contribution/relation.ts'
import type { Direction, Score } from '../../core/contribution/schema.ts'
import { GroveError } from '../../core/errors.ts'
import { METRIC_MAX_BYTES, REVIEW_SCORE_MAX } from '../../core/limits.ts'
import { isRankable, isReservedMetric } from '../../core/ranking/frontier.ts'
import { countsInReview } from '../../core/ranking/signals.ts'
import { unitsAgree } from '../../core/ranking/units.ts'
import type { FormCount } from '../../ports/graph-index.ts'
import type { ReadContext } from '../context.ts'
import { saidInTurns } from './said-in-turns.ts'

/** Forms of one metric that a score is compared with, the most used first. */
const FORMS_MAX = 16
/** Reviews of one work that a score is compared with. */
const REVIEWS_MAX = 32
const HERE = 'published here'

/**
 * Throws `manifest-invalid` where a reproduction names a result that is none of RESULTS. Others are
 * taken from peers, and count as challenged.
 */
export function requireKnownResults({ manifest }: Contribution): void {
  for (const [index, { relationType, metadata }] of manifest.relations.entries()) {
    const result = metadata?.['result']
    const isKnown = result === undefined || RESULTS.some((known) => known === result)
    if (relationType !== 'reproduces' || isKnown) continue
    const path = `relations.${index}.metadata.result`
    const message = `${path}: ${JSON.stringify(result)} is none of ${RESULTS.join(', ')}`
    throw new GroveError('manifest-invalid', { issues: [{ path, message }] }, { message })
  }
}

/**
 * Throws `metric-conflict` where a score would neither rank nor count: its name is too long, or it
 * is beyond what the scores of reviews may be.
 */
export function requireCounted({ manifest: { kind, scores = {} } }: Contribution): void {
  for (const [metric, { value }] of Object.entries(scores)) {
    if (kind === 'review' && !countsInReview({ value })) {
      const range = `from -${REVIEW_SCORE_MAX} to ${REVIEW_SCORE_MAX}`
      const message = `${metric} is ${value}, and scores of reviews count ${range}`
      throw new GroveError('metric-conflict', { metric, value }, { message })
    }
    if (isReservedMetric(metric) || isRankable(metric)) continue
    const message =
      `the metric ${metric.slice(0, 40)}… has a name of ${Buffer.byteLength(metric)} bytes, and ` +
      `scores under names of more than ${METRIC_MAX_BYTES} don't rank`
    throw new GroveError('metric-conflict', { maxBytes: METRIC_MAX_BYTES }, { message })
  }
}

/**
 * Throws `metric-conflict` where the scores of a work, a reproduction or a review are meant
 * otherwise than those of most works that were published here, or than those of most reviews of the
 * same work: in the other direction, or in another unit.
 */
export async function requireKnownForms(
  node: FormsContext,
  contribution: Contribution,
): Promise<void> {
  const { kind, scores = {} } = contribution.manifest
  const metrics = Object.keys(scores).filter(isRankable)
  if (metrics.length === 0 || !['work', 'reproduction', 'review'].includes(kind)) return
  await requireFormsOfWorks(node, scores, metrics)
  if (kind !== 'review') return
  for (const target of new Set(targetsOf(contribution, ['reviews'])))
    await requireFormsOfReviews(node, scores, target)
}

type FormsContext = Pick<ReadContext, 'index' | 'contributions' | 'breathe'>
type Scores = Readonly<Record<string, Score>>

async function requireFormsOfWorks(
  node: FormsContext,
  scores: Scores,
  metrics: readonly string[],
): Promise<void> {
  const forms = await node.index.scoreForms(metrics, FORMS_MAX)
  const byMetric = Map.groupBy(forms, ({ metric }) => metric)
  for (const metric of metrics) {
    const score = scores[metric]
    if (score === undefined) continue
    const known = byMetric.get(metric) ?? []
    const conflicting = conflictWith(score, known) ?? (await tieWith(node, metric, score, known))
    if (conflicting !== undefined)
      throw await conflict(node, { metric, score, conflicting, among: HERE })
  }
}

/** One mean has all scores of a work's reviews: what is meant the other way spoils it. */
async function requireFormsOfReviews(
  node: FormsContext,
  scores: Scores,
  target: Cid,
): Promise<void> {
  const said = await saidInTurns(node, target, ['reviews'], REVIEWS_MAX)
  const forms: FormCount[] = []
  for (const { source } of said) {
    await node.breathe()
    const review = await node.contributions.get(source)
    if (review?.provenance.origin !== 'local') continue
    for (const [metric, { direction, unit }] of Object.entries(review.manifest.scores ?? {}))
      forms.push({ metric, direction, unit, works: 1, published: 1, latest: source })
  }
  const among = `of ${target.slice(7, 19)} ${HERE}`
  for (const [metric, score] of Object.entries(scores)) {
    const conflicting = conflictWith(
      score,
      forms.filter((form) => form.metric === metric),
    )
    if (conflicting !== undefined) throw await conflict(node, { metric, score, conflicting, among })
  }
}

/** The forms that most works published here have, if the score agrees with fewer. */
function conflictWith(score: Score, forms: readonly FormCount[]): readonly FormCount[] | undefined {
  const [same, other] = split(forms, ({ direction }) => direction === score.direction)
  if (published(other) > published(same)) return other
  const [agreeing, disagreeing] = split(same, ({ unit }) => unitsAgree(unit, score.unit))
  return published(disagreeing) > published(agreeing) ? disagreeing : undefined
}

/**
 * The forms in the direction in which a metric ranks, if as many works published here have the
 * other one, which is that of the score.
 */
async function tieWith(
  { index }: Pick<ReadContext, 'index'>,
  metric: string,
  score: Score,
  forms: readonly FormCount[],
): Promise<readonly FormCount[] | undefined> {
  const [same, other] = split(forms, ({ direction }) => direction === score.direction)
  if (published(same) === 0 || published(same) !== published(other)) return undefined
  const query = { kind: 'work', dimensions: [metric], limit: 1 } as const
  const [ranking] = await index.frontier(query)
  return ranking !== undefined && ranking.direction !== score.direction ? other : undefined
}

async function conflict(
  { contributions }: Pick<ReadContext, 'contributions'>,
  {
    metric,
    score,
    conflicting,
    among,
  }: {
    readonly metric: string
    readonly score: Score
    readonly conflicting: readonly FormCount[]
    /** Which works or reviews have the other form. */
    readonly among: string
  },
): Promise<GroveError> {
  const [known] = conflicting.toSorted((a, b) => b.published - a.published)
  const { direction, unit, latest } = known ?? {}
  const works = published(conflicting)
  const last = latest === undefined ? undefined : await contributions.get(latest)
  const by = last?.manifest.agent.agentId
  const isDirection = direction !== score.direction
  const [theirs, ours] = isDirection
    ? [inDirection(direction), inDirection(score.direction)]
    : [inUnit(unit), inUnit(score.unit)]
  const noun = among === HERE ? 'work' : 'review'
  const count = `${works} ${works === 1 ? noun : `${noun}s`} ${among}`
  const named = last === undefined ? '' : `, the last ${last.cid.slice(7, 19)} by ${by}`
  const message = `${metric} is ${theirs} in ${count}${named}, and ${ours} in this one`
  const details = { metric, theirs, ours, works, ...(last && { latest: last.cid, agentId: by }) }
  return new GroveError('metric-conflict', details, { message })
}

const inDirection = (direction: Direction | undefined): string =>
  direction === 'minimize' ? 'minimised' : 'maximised'

const inUnit = (unit: string | undefined): string =>
  unit === undefined || unit === '' ? 'without a unit' : `in ${JSON.stringify(unit)}`

const published = (forms: readonly FormCount[]): number =>
  forms.reduce((sum, form) => sum + form.published, 0)

function split<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))]
}
