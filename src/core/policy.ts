import type { Kind, Manifest } from './contribution/schema.ts'
import { UNSOLICITED_ARTIFACT_MAX_BYTES } from './limits.ts'
import { dimensionsNamed, type Place, reaches } from './ranking/frontier.ts'

/** What background sync fetches. A field that is left out restricts nothing. */
export interface Policy {
  /** `frontier`: the best of each dimension; `off`: nothing. */
  readonly scope: 'frontier' | 'off'
  /** Names of metrics and signals. */
  readonly dimensions?: readonly string[]
  /** By metric, the worst value that is still fetched, in the metric's direction. */
  readonly thresholds: Readonly<Record<string, number>>
  /** An item needs at least one of these. */
  readonly tags?: readonly string[]
  /** Without them, works. An item of unknown kind passes until its manifest is here. */
  readonly kinds?: readonly Kind[]
  /** How many items of each dimension are fetched from each peer, counting those held already. */
  readonly topK: number
  readonly maxArtifactBytes: number
  readonly maxBytesPerRound: number
  readonly maxRequestsPerRound: number
}

/** The policy of a grove that configures none. */
export const defaultPolicy: Policy = {
  scope: 'frontier',
  thresholds: {},
  topK: 20,
  maxArtifactBytes: UNSOLICITED_ARTIFACT_MAX_BYTES,
  maxBytesPerRound: 256 * 1024 * 1024,
  maxRequestsPerRound: 1_000,
}

/** Thresholds by the names that people see, in all dimensions that these mean. */
export function thresholdsNamed(named: Policy['thresholds']): Policy['thresholds'] {
  const thresholds = Object.entries(named).flatMap(([name, value]) =>
    dimensionsNamed(name).map((dimension) => [dimension, value] as const),
  )
  return Object.fromEntries(thresholds)
}

/** A place, and what may be known about its item before the manifest is here. */
interface DescribedPlace extends Place {
  readonly tags?: readonly string[] | undefined
  readonly kind?: Kind | undefined
}

/** The kinds among which the policy wants the best. */
export function rankedKinds({ kinds = ['work'] }: Pick<Policy, 'kinds'>): readonly Kind[] {
  return kinds
}

/** The policy's threshold in this metric; undefined if it has none. */
export function thresholdOf({ thresholds }: Policy, metric: string): number | undefined {
  return Object.hasOwn(thresholds, metric) ? thresholds[metric] : undefined
}

/**
 * True if sync looks at places in this metric at all. `_recency` ranks every item, so that a policy
 * has to name it.
 */
export function considers({ dimensions }: Policy, metric: string): boolean {
  return metric !== '_recency' || dimensions?.includes(metric) === true
}

/**
 * Why the policy rejects an item at this place; undefined if it accepts. An unknown kind is
 * accepted.
 */
export function reasonAgainst(
  { metric, direction, value, tags = [], kind }: DescribedPlace,
  policy: Policy,
): 'off' | 'dimension' | 'threshold' | 'tags' | 'kind' | undefined {
  if (policy.scope === 'off') return 'off'
  if (policy.dimensions !== undefined && !policy.dimensions.includes(metric)) return 'dimension'
  const threshold = thresholdOf(policy, metric)
  if (threshold !== undefined && !reaches(direction, value, threshold)) return 'threshold'
  if (!acceptsTags(policy, tags)) return 'tags'
  return kind !== undefined && !acceptsKind(policy, kind) ? 'kind' : undefined
}

/** Why the policy rejects an item by its manifest; undefined if it accepts. */
export function unwantedReason(
  { kind, tags }: Manifest,
  policy: Policy,
): 'kind' | 'tags' | undefined {
  if (!acceptsKind(policy, kind)) return 'kind'
  return acceptsTags(policy, tags) ? undefined : 'tags'
}

const acceptsTags = (policy: Policy, tags: readonly string[]): boolean =>
  policy.tags === undefined || policy.tags.some((tag) => tags.includes(tag))

const acceptsKind = (policy: Policy, kind: Kind): boolean => rankedKinds(policy).includes(kind)
