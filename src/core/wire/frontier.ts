import { z } from 'zod'
import {
  cidSchema,
  contributionViewSchema,
  directionSchema,
  jsonObjectSchema,
  kindSchema,
  modeSchema,
  timestampSchema,
} from '../contribution/schema.ts'
import { keyIdSchema } from '../identity/rotation.ts'
import { LIST_MAX, PROVIDERS_MAX } from '../limits.ts'
import { isReservedMetric, isSignalMetric, SIGNAL_NAMES } from '../ranking/frontier.ts'
import { levelSchema } from '../ranking/level.ts'
import { addressSchema, digestEntrySchema, peerIdSchema } from './gossip.ts'

/** A provider of an advertised item. */
export const providerSchema = z.object({
  peerId: peerIdSchema,
  address: addressSchema,
  lastAdvertised: timestampSchema,
})

/** A peer that advertised an item, and when it last did. */
export type Provider = z.infer<typeof providerSchema>

/** Which groves stand behind an entry, for those who ask. */
export const entryOriginsSchema = z.object({
  /**
   * Behind a signal, how many have signed what it counts; else how many have signed the work or a
   * reproduction of it. Each once.
   */
  groves: z.number().int(),
  /** How many of these the grove's operator trusts; older groves don't say. */
  trusted: z.number().int().optional(),
  /** Some of those that have signed the work. */
  signedBy: z.array(keyIdSchema),
  /** Whether its operator's grove, or a trusted one, attests to the work. */
  attested: z.literal(true).optional(),
})
/** How many groves stand behind an entry, and some of those that have signed the work. */
export type EntryOrigins = z.infer<typeof entryOriginsSchema>

/** One entry of the federated frontier: the fields of 0.1 and those of Grove's own. */
export const federatedEntrySchema = digestEntrySchema.extend({
  direction: directionSchema,
  level: levelSchema,
  held: z.boolean(),
  /** Most recent first. */
  providers: z.array(providerSchema).max(PROVIDERS_MAX),
  firstSeen: timestampSchema,
  /** What it is, of an item that is held: advertisements don't say. */
  summary: z.string().optional(),
  kind: kindSchema.optional(),
  agentId: z.string().optional(),
  origins: entryOriginsSchema.optional(),
})

/** One of the best that is known anywhere, with its providers and its level. */
export type FederatedEntry = z.infer<typeof federatedEntrySchema>

/** Who stands behind a direction: works published here, and voices behind those from elsewhere. */
const supportSchema = z.object({ published: z.number().int(), voices: z.number().int() })

/** Works that are not ranked, since their scores have the other direction. */
export const leftOutWorksSchema = z.object({
  metric: z.string(),
  direction: directionSchema,
  works: z.number().int(),
  /** Who stands behind this direction, and behind the one that ranks; older groves don't say. */
  support: supportSchema.optional(),
  rankedSupport: supportSchema.optional(),
})
/**
 * How many works are left out of a metric's ranking, what direction their scores have, and why that
 * isn't the one that ranks.
 */
export type LeftOutWorks = z.infer<typeof leftOutWorksSchema>

/** A metric that ranks values in units that can't be compared. */
export const mixedUnitsSchema = z.object({
  metric: z.string(),
  /** The most used first; without `unit` where the scores have none. */
  units: z.array(z.object({ unit: z.string().optional(), works: z.number().int() })),
})
/** A metric that ranks values in units that can't be compared, with how many works have each. */
export type MixedUnits = z.infer<typeof mixedUnitsSchema>

/** What a ranking does not show by itself; each is left out where there is nothing to say. */
const caveatsShape = {
  leftOut: z.array(leftOutWorksSchema).optional(),
  mixedUnits: z.array(mixedUnitsSchema).optional(),
}

/** The federated frontier. */
export const federatedAnswerSchema = z.object({
  entries: z.array(federatedEntrySchema),
  /** About what is held here. */
  ...caveatsShape,
})
/** The best that is known anywhere. */
export type FederatedAnswer = z.infer<typeof federatedAnswerSchema>

/** The members of a filter, for schemas that have more. */
export const filterShape = {
  kind: kindSchema.optional(),
  mode: modeSchema.optional(),
  tags: z.array(z.string()).max(100).optional(),
  agentId: z.string().optional(),
  agentName: z.string().optional(),
  platform: z.string().optional(),
  context: jsonObjectSchema.optional(),
}

/** A filter of contributions. */
export const filterSchema = z.strictObject(filterShape)

/**
 * A filter of contributions. A contribution has to match every member: it has all of the `tags`,
 * and its context has each key of `context` with an equal value.
 */
export type Filter = z.infer<typeof filterSchema>

/** One entry of the local frontier. */
export const frontierEntrySchema = z.object({
  cid: cidSchema,
  summary: z.string(),
  value: z.number(),
  kind: kindSchema,
  mode: modeSchema,
  agentId: z.string(),
  origins: entryOriginsSchema.optional(),
})

/** A contribution on the local frontier, with its value in that dimension. */
export type FrontierEntry = z.infer<typeof frontierEntrySchema>

/** The local frontier, in the shape of 0.1. */
export const frontierAnswerSchema = z.object({
  /** By the name of the metric, each in its prevailing direction. */
  byMetric: z.record(z.string(), z.array(frontierEntrySchema)),
  byAdoption: z.array(frontierEntrySchema),
  byRecency: z.array(frontierEntrySchema),
  byReviewScore: z.array(frontierEntrySchema),
  byReproduction: z.array(frontierEntrySchema),
  /** In which direction each of these metrics ranks, for those who ask. */
  directions: z.record(z.string(), directionSchema).optional(),
  ...caveatsShape,
  /** The last metric of this page, to be given as `after`; only where more follow. */
  nextAfter: z.string().optional(),
  /** Of all metrics those that most stand behind; only of works, where this page is not all. */
  foremost: z.array(z.string()).optional(),
})

/** The local frontier: the best of each metric and each signal, best first. */
export type FrontierAnswer = z.infer<typeof frontierAnswerSchema>

/** One result of a search. */
export const searchResultSchema = contributionViewSchema
  .pick({
    cid: true,
    summary: true,
    kind: true,
    mode: true,
    tags: true,
    scores: true,
    createdAt: true,
  })
  .extend({ agentId: z.string() })

/** The results of a search, best match first. */
export const searchAnswerSchema = z.object({
  results: z.array(searchResultSchema),
  count: z.number().int(),
  /** Words that very many contributions have took no part in the order; only where there were. */
  bounded: z.literal(true).optional(),
})

/** A contribution that a search found, without its details. */
export type SearchResult = z.infer<typeof searchResultSchema>

/** Rows of a list's answer; `usual` where the caller doesn't say. */
export const listLimit = (usual: number) => z.number().int().min(1).max(LIST_MAX).default(usual)

/** A page of a list: `limit` rows after the first `offset`. */
export const pageShape = (usual: number) => ({
  limit: listLimit(usual),
  offset: z.number().int().min(0).default(0),
})

/** The name of a metric or a signal, as operators write it. */
export const dimensionSchema = z
  .string()
  .min(1)
  .refine((name) => !isReservedMetric(name) || isSignalMetric(name), {
    error: `names with _ are signals: ${Object.keys(SIGNAL_NAMES).join(', ')}`,
  })
