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

/** The manifest and its parts: what is hashed. Strict everywhere: an unknown field is an error. */

/** A whole content id. The cast only brands: checked by the pattern, it is the same text. */
export const cidSchema = z
  .string()
  .regex(CID_PATTERN, 'must be blake3:<64 hex digits>') as unknown as z.ZodType<Cid, string>

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
export const modeSchema = z.enum(['evaluation', 'exploration'])
export const directionSchema = z.enum(['minimize', 'maximize'])
export const relationTypeSchema = z.enum([
  'derives_from',
  'responds_to',
  'reviews',
  'reproduces',
  'adopts',
])

/** A JSON object kept as it is. */
export const jsonObjectSchema = z.custom<JsonObject>(isJsonObject, 'must be a JSON object')

/** A map whose size is bounded. */
function mapOf<V extends z.ZodType>(key: z.ZodType<string, string>, value: V, most: number) {
  return z
    .record(key, value)
    .refine((map) => Object.keys(map).length <= most, `must have at most ${most} entries`)
}

/**
 * A relative path of letters, digits and `._/ -`. It has no empty or `..` component, so that it
 * stays inside any folder.
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

/** When something happened, RFC 3339, with its offset. */
export const timestampSchema = z.iso.datetime({ offset: true })

export const scoreSchema = z.strictObject({
  value: z.number(),
  direction: directionSchema,
  unit: z.string().optional(),
})
export type Score = z.infer<typeof scoreSchema>

export const relationSchema = z.strictObject({
  targetCid: cidSchema,
  relationType: relationTypeSchema,
  metadata: jsonObjectSchema.optional(),
})
export type Relation = z.infer<typeof relationSchema>

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

/** A whole manifest, as it is hashed. */
export const manifestSchema = z.strictObject({
  manifestVersion: z.literal(1),
  ...body,
  artifacts: artifactsSchema,
  relations: relationsSchema,
  tags: tagsSchema,
  createdAt: timestampSchema,
})
export type Manifest = z.infer<typeof manifestSchema>

/**
 * What an author hands in. Lists may be left out, and so may the moment: then the grove's counts.
 */
export const draftSchema = z.strictObject({
  manifestVersion: z.literal(1).optional(),
  ...body,
  artifacts: artifactsSchema.default({}),
  relations: relationsSchema.default([]),
  tags: tagsSchema.default([]),
  createdAt: timestampSchema.optional(),
})
export type Draft = z.input<typeof draftSchema>

export type Kind = z.infer<typeof kindSchema>
export type Mode = z.infer<typeof modeSchema>
export type Direction = z.infer<typeof directionSchema>
export type RelationType = z.infer<typeof relationTypeSchema>

/** A contribution as the API shows it: its manifest and the cid beside it. */
export const contributionViewSchema = z.strictObject({ cid: cidSchema, ...manifestSchema.shape })
export type ContributionView = z.infer<typeof contributionViewSchema>
