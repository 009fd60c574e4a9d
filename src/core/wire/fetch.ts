import { z } from 'zod'
import { artifactNameSchema, cidSchema, contributionViewSchema } from '../contribution/schema.ts'
import { MISSING_MAX_HASHES } from '../limits.ts'

/** A blob that is held. */
export const blobInfoSchema = z.object({
  hash: cidSchema,
  sizeBytes: z.number().int().nonnegative(),
})

/** The query for those of some blobs that are not held. */
export const missingRequestSchema = z.strictObject({
  hashes: z.array(cidSchema).max(MISSING_MAX_HASHES),
})

/** The blobs of a query that are not held, in its order. */
export const missingAnswerSchema = z.object({ missing: z.array(cidSchema) })

/** One artifact in the result of a fetch. */
export const artifactStateSchema = z.object({
  name: artifactNameSchema,
  hash: cidSchema,
  /** -1 while the size is unknown. */
  sizeBytes: z.number().int(),
  state: z.enum(['here', 'fetched', 'missing', 'skipped']),
})

/** One artifact of a contribution, and whether this grove holds it. */
export type ArtifactState = z.infer<typeof artifactStateSchema>

/**
 * The options of a fetch (BEHAVIOUR.md#fetch-options): the same in the library, on the command line
 * and in a JSON body.
 */
export const fetchOptionsSchema = z.strictObject({
  peer: z
    .string()
    .max(2_048)
    .optional()
    .describe('address (http://…) or id of the peer to ask; default: those that advertised it'),
  artifacts: z
    .union([z.enum(['all', 'none']), z.array(artifactNameSchema).max(1_000)])
    .optional()
    .describe('which artifacts to bring: all, none, or those with these names; default: all'),
  ancestors: z
    .number()
    .int()
    .min(0)
    .max(64)
    .optional()
    .describe('how many steps along derives_from to fetch with it; default: 1'),
  maxBytes: z
    .number()
    .int()
    .nonnegative()
    .optional()
    .describe('the most bytes of artifacts to move'),
  timeoutMs: z
    .number()
    .int()
    .positive()
    .max(86_400_000)
    .optional()
    .describe('give up after so many milliseconds'),
  quote: z
    .boolean()
    .optional()
    .describe('only report sizes and what is missing: move no artifact, store nothing'),
})

/** What a fetch brings, from which peer, and within which bounds. */
export type FetchOptions = z.infer<typeof fetchOptionsSchema>

/** A contribution (`cid`) or a blob (`hash`) that could not be had, and why. */
export const missingItemSchema = z.union([
  z.object({ cid: cidSchema, reason: z.string() }),
  z.object({ hash: cidSchema, reason: z.string() }),
])

/** A contribution or a blob that could not be had, and why. */
export type MissingItem = z.infer<typeof missingItemSchema>

/** Where a contribution came from: a peer, or this grove itself (`local`). */
export const sourceSchema = z.object({
  peerId: z.string().optional(),
  address: z.string().optional(),
  local: z.boolean(),
  /** Published on the grove's own machine, not over the network. */
  own: z.literal(true).optional(),
})

/** Where a contribution came from: a peer, or this grove itself (`local`). */
export type Source = z.infer<typeof sourceSchema>

/** The result of a fetch. */
export const fetchResultSchema = z.object({
  contribution: contributionViewSchema,
  /** Where the manifest came from; `local` if it was held already. */
  source: sourceSchema,
  bytesMoved: z.number().int(),
  bytesVerified: z.number().int(),
  artifacts: z.array(artifactStateSchema),
  ancestors: z.array(cidSchema),
  /** Empty exactly when everything that was asked for is held. */
  missing: z.array(missingItemSchema),
  /** The peer has more evidence than its answer had room for; sync brings the rest in rounds. */
  moreEvidence: z.literal(true).optional(),
})

/** What a fetch brought, and what it could not. */
export type FetchResult = z.infer<typeof fetchResultSchema>
