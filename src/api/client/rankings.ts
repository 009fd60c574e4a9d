import type { Kind } from '../../core/contribution/schema.ts'
import { GroveError } from '../../core/errors.ts'
import { SIGNAL_NAMES, type SignalMetric, signalNamed } from '../../core/ranking/frontier.ts'
import type { FrontierAnswer, FrontierEntry } from '../../core/wire/frontier.ts'
import type { CallOptions, GroveApi } from './api.ts'

/** Metrics that an error names. */
const NAMED_MAX = 20

/** What people see for the name of a dimension on the wire. */
export function shownName(metric: string): string {
  return Object.entries(SIGNAL_NAMES).find(([, signal]) => signal === metric)?.[0] ?? metric
}

/** The entries of a metric or a signal. A metric hides a signal of the same name. */
export function rankingNamed(frontier: FrontierAnswer, name: string): readonly FrontierEntry[] {
  const own = Object.hasOwn(frontier.byMetric, name) ? frontier.byMetric[name] : undefined
  if (own !== undefined) return own
  const signal = signalNamed(name)
  return signal === undefined ? [] : bySignal(frontier)[signal]
}

/** The entries of each signal. */
export function bySignal(
  frontier: FrontierAnswer,
): Readonly<Record<SignalMetric, readonly FrontierEntry[]>> {
  return {
    _adoption: frontier.byAdoption,
    _review_score: frontier.byReviewScore,
    _reproduction: frontier.byReproduction,
    _recency: frontier.byRecency,
  }
}

/**
 * Throws `not-found`, with the names that there are, where nothing of this kind ranks by a metric
 * of this name, whatever else a query asks for.
 */
export async function requireMetric(
  grove: GroveApi,
  { metric, kind = 'work' }: { readonly metric: string; readonly kind?: Kind | undefined },
  options: CallOptions,
): Promise<void> {
  const named = await grove.frontier({ kind, metric, limit: 1 }, options)
  if (Object.hasOwn(named.byMetric, metric) || signalNamed(metric) !== undefined) return
  const { byMetric, nextAfter } = await grove.frontier({ kind, limit: 1 }, options)
  throw unknownMetric(metric, Object.keys(byMetric), nextAfter !== undefined)
}

/** The error for a metric that is not among those that there are. Pure. */
export function unknownMetric(
  metric: string,
  metrics: readonly string[],
  areMore = false,
): GroveError {
  const shown = metrics.slice(0, NAMED_MAX).join(', ')
  const more = areMore || metrics.length > NAMED_MAX ? ' and others' : ''
  const known = shown === '' ? 'there are no metrics yet' : `metrics are ${shown}${more}`
  const signals = Object.keys(SIGNAL_NAMES).join(', ')
  const message = `nothing ranks by ${metric}: ${known}; signals are ${signals}`
  return new GroveError('not-found', { metric, metrics }, { message })
}
