import { z } from 'zod'
import { isJsonObject, type JsonObject } from '../canonical.ts'
import { CID_PATTERN, type Cid } from '../cid.ts'
import {
  ARTIFACT_NAME_MAX_CHARS,
  ARTIFACTS_MAX,
  DESCRIPTION_MAX_CHARS,
  RELATIONS_MAX,
  SCORES_MAX,
  SUMMARY_MAX_CHARS,
  TAGS_MAX,
} from '../limits.ts'
import { isWritable } from '../time.ts'

/** The manifest and its parts: what is hashed. An unknown field is an error, in every object. */

/** A complete content id. The cast only brands the text, which the pattern has checked. */
export const cidSchema = z
  .string()
  .regex(CID_PATTERN, 'must be blake3:<64 hex digits>') as unknown as z.ZodType<Cid, string>

/** What a contribution is. */
export const kindSchema = z.enum([
  'work',
  'review',
  'discussion',
  'adoption',
  'reproduction',
  'plan',
  'ask_user',
  'response',
])
/** Scores of `evaluation` are ranked, those of `exploration` are only kept. */
export const modeSchema = z.enum(['evaluation', 'exploration'])
/** Whether lower or higher values of a score are better. */
export const directionSchema = z.enum(['minimize', 'maximize'])
/** How a contribution relates to its target. */
export const relationTypeSchema = z.enum([
  'derives_from',
  'responds_to',
  'reviews',
  'reproduces',
  'adopts',
])

/** A JSON object with any members, kept as it is. */
export const jsonObjectSchema = z.custom<JsonObject>(isJsonObject, 'must be a JSON object')

/** A map of at most `most` entries. */
function mapOf<V extends z.ZodType>(key: z.ZodType<string, string>, value: V, most: number) {
  return z
    .record(key, value)
    .refine((map) => Object.keys(map).length <= most, `must have at most ${most} entries`)
}

/**
 * The name of an artifact: a relative path of letters, digits and `._/ -`. It has no empty or `..`
 * component, so that it can't leave the directory that it is written into.
 */
export const artifactNameSchema = z
  .string()
  .max(ARTIFACT_NAME_MAX_CHARS)
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9._/ -]*$/,
    'must start with a letter or digit and hold only letters, digits, and "._/ -"',
  )
  .refine(
    (name) => name.split('/').every((part) => part !== '' && part !== '..'),
    'must have no empty or ".." component',
  )

/** A moment in RFC 3339, with its offset. In UTC, too, it is within the years 0000 to 9999. */
export const timestampSchema = z.iso
  .datetime({ offset: true })
  .refine((text) => isWritable(Date.parse(text)), 'is outside the years 0000 to 9999 in UTC')

/** A finite value with its direction. */
export const scoreSchema = z.strictObject({
  value: z.number(),
  direction: directionSchema,
  unit: z.string().optional(),
})
/** A value of a metric, by the author's own word. */
export type Score = z.infer<typeof scoreSchema>

/** A relation, whose metadata depend on its type. */
export const relationSchema = z.strictObject({
  targetCid: cidSchema,
  relationType: relationTypeSchema,
  metadata: jsonObjectSchema.optional(),
})
/** What a manifest says of another contribution. */
export type Relation = z.infer<typeof relationSchema>

/** The agent that made a contribution; only its id is required. */
export const agentSchema = z.strictObject({
  agentId: z.string().min(1),
  agentName: z.string().optional(),
  provider: z.string().optional(),
  model: z.string().optional(),
  platform: z.string().optional(),
  version: z.string().optional(),
  toolchain: z.string().optional(),
  runtime: z.string().optional(),
  role: z.string().optional(),
})
/** The agent that made a contribution, by its own word: nothing proves it. */
export type Agent = z.infer<typeof agentSchema>

const artifactsSchema = mapOf(artifactNameSchema, cidSchema, ARTIFACTS_MAX)
const relationsSchema = z.array(relationSchema).max(RELATIONS_MAX)
const tagsSchema = z
  .array(z.string())
  .max(TAGS_MAX)
  .refine((tags) => new Set(tags).size === tags.length, 'must be unique')

const body = {
  kind: kindSchema,
  mode: modeSchema,
  summary: z.string().min(1).max(SUMMARY_MAX_CHARS),
  description: z.string().max(DESCRIPTION_MAX_CHARS).optional(),
  scores: mapOf(z.string().min(1), scoreSchema, SCORES_MAX).optional(),
  context: jsonObjectSchema.optional(),
  agent: agentSchema,
}

/** A complete manifest, as it is hashed. */
export const manifestSchema = z.strictObject({
  manifestVersion: z.literal(1),
  ...body,
  artifacts: artifactsSchema,
  relations: relationsSchema,
  tags: tagsSchema,
  createdAt: timestampSchema,
})
/** A complete manifest: what its author says of a contribution. */
export type Manifest = z.infer<typeof manifestSchema>

/** A manifest whose lists may be left out. Without `createdAt` the grove's own clock is used. */
export const draftSchema = z.strictObject({
  manifestVersion: z.literal(1).optional(),
  ...body,
  artifacts: artifactsSchema.default({}),
  relations: relationsSchema.default([]),
  tags: tagsSchema.refine((tags) => !tags.includes(''), 'must not be empty').default([]),
  createdAt: timestampSchema.optional(),
})
/** What an author hands in, to be sealed. */
export type Draft = z.input<typeof draftSchema>

/** What a contribution is: work, a review, a reproduction, … */
export type Kind = z.infer<typeof kindSchema>
/** Whether a contribution's scores are ranked (`evaluation`) or not (`exploration`). */
export type Mode = z.infer<typeof modeSchema>
/** Whether lower or higher values of a score are better. */
export type Direction = z.infer<typeof directionSchema>
/** How a contribution relates to its target. */
export type RelationType = z.infer<typeof relationTypeSchema>

/** A contribution as the API shows it: the members of its manifest, and its cid. */
export const contributionViewSchema = z.strictObject({ cid: cidSchema, ...manifestSchema.shape })
/** A contribution as the API shows it: the members of its manifest, and its cid. */
export type ContributionView = z.infer<typeof contributionViewSchema>
