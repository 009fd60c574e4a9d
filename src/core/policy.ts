import type { Kind, Manifest } from './contribution/schema.ts'
import { UNSOLICITED_ARTIFACT_MAX_BYTES } from './limits.ts'
import { type Place, reaches } from './ranking/frontier.ts'

/** What a grove fetches unasked. A field that is left out restricts nothing. */
export interface Policy {
  /** `frontier`: the best of each dimension; `off`: nothing. */
  readonly scope: 'frontier' | 'off'
  /** Metric and signal names. */
  readonly dimensions?: readonly string[]
  /** By metric, in its direction: the least value that is fetched. */
  readonly thresholds: Readonly<Record<string, number>>
  /** At least one of these must be on the item. */
  readonly tags?: readonly string[]
  /** An item whose kind is not known yet passes, until its manifest is here. */
  readonly kinds?: readonly Kind[]
  /** The best of each dimension that are fetched from each peer, held ones included. */
  readonly topK: number
  readonly maxArtifactBytes: number
  readonly maxBytesPerRound: number
  readonly maxRequestsPerRound: number
}

export const defaultPolicy: Policy = {
  scope: 'frontier',
  thresholds: {},
  topK: 20,
  maxArtifactBytes: UNSOLICITED_ARTIFACT_MAX_BYTES,
  maxBytesPerRound: 256 * 1024 * 1024,
  maxRequestsPerRound: 1_000,
}

/** A place, and what may be known of its item before the manifest is here. */
interface DescribedPlace extends Place {
  readonly tags?: readonly string[] | undefined
  readonly kind?: Kind | undefined
}

/** The value that the policy asks for in this metric, if it asks for one. */
export function thresholdOf({ thresholds }: Policy, metric: string): number | undefined {
  return Object.hasOwn(thresholds, metric) ? thresholds[metric] : undefined
}

/**
 * Whether places in this metric are looked at. Recency, which would bring everything, has to be
 * named.
 */
export function considers({ dimensions }: Policy, metric: string): boolean {
  return metric !== '_recency' || dimensions?.includes(metric) === true
}

/**
 * Why the policy leaves out an item at this place; undefined if it does not. An unknown kind
 * passes.
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

/** Why the policy leaves out an item by its manifest, whatever was advertised of it. */
export function unwantedReason(
  { kind, tags }: Manifest,
  policy: Policy,
): 'kind' | 'tags' | undefined {
  if (!acceptsKind(policy, kind)) return 'kind'
  return acceptsTags(policy, tags) ? undefined : 'tags'
}

const acceptsTags = (policy: Policy, tags: readonly string[]): boolean =>
  policy.tags === undefined || policy.tags.some((tag) => tags.includes(tag))

const acceptsKind = (policy: Policy, kind: Kind): boolean =>
  policy.kinds === undefined || policy.kinds.includes(kind)
