import type { Kind, Manifest } from './contribution/schema.ts'
import { UNSOLICITED_ARTIFACT_MAX_BYTES } from './limits.ts'

/** What a grove fetches unasked. What is left out of it doesn't restrict. */
export interface Policy {
  /** `frontier`: the best of each dimension; `off`: nothing. */
  readonly scope: 'frontier' | 'off'
  /** Metric and signal names. */
  readonly dimensions?: readonly string[]
  /** Per metric, in its direction: values that don't reach it are left. */
  readonly thresholds: Readonly<Record<string, number>>
  /** At least one of these must be on the item. */
  readonly tags?: readonly string[]
  /** An item whose kind is not known before its manifest is here passes. */
  readonly kinds?: readonly Kind[]
  /** Of each dimension and of what each peer offers, as many of the best, those held already included. */
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

/** Why the policy does not want this contribution after all, by what its manifest says: a claim may leave that out, or lie. */
export function unwantedReason(
  { kind, tags }: Manifest,
  policy: Policy,
): 'kind' | 'tags' | undefined {
  if (policy.kinds !== undefined && !policy.kinds.includes(kind)) return 'kind'
  if (policy.tags !== undefined && !policy.tags.some((tag) => tags.includes(tag))) return 'tags'
  return undefined
}
