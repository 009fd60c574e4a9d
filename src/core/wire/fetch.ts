import { z } from 'zod'
import { artifactNameSchema, cidSchema, contributionViewSchema } from '../contribution/schema.ts'
import { MISSING_MAX_HASHES } from '../limits.ts'

export const blobInfoSchema = z.object({
  hash: cidSchema,
  sizeBytes: z.number().int().nonnegative(),
})

export const missingRequestSchema = z.strictObject({
  hashes: z.array(cidSchema).max(MISSING_MAX_HASHES),
})

export const missingAnswerSchema = z.object({ missing: z.array(cidSchema) })

/** One artifact of a contribution and whether it is here. */
export const artifactStateSchema = z.object({
  name: artifactNameSchema,
  hash: cidSchema,
  /** -1 while nobody has said how large it is. */
  sizeBytes: z.number().int(),
  state: z.enum(['here', 'fetched', 'missing', 'skipped']),
})

export type ArtifactState = z.infer<typeof artifactStateSchema>

/** The options of a fetch, the same in the library, on the command line and as a JSON body (BEHAVIOUR.md#fetch-options). */
export const fetchOptionsSchema = z.strictObject({
  /** Address (http://…) or id of the peer to ask; without it, whoever advertised the cid. */
  peer: z.string().max(2_048).optional(),
  artifacts: z.union([z.enum(['all', 'none']), z.array(artifactNameSchema).max(1_000)]).optional(),
  /** Steps along derives_from to bring along. Default 1. */
  ancestors: z.number().int().min(0).max(64).optional(),
  /** The most bytes of artifacts to move. */
  maxBytes: z.number().int().nonnegative().optional(),
  timeoutMs: z.number().int().positive().max(86_400_000).optional(),
  /** Answer sizes and what is missing; move no artifact and store nothing. */
  quote: z.boolean().optional(),
})

export type FetchOptions = z.infer<typeof fetchOptionsSchema>

export const missingItemSchema = z.union([
  z.object({ cid: cidSchema, reason: z.string() }),
  z.object({ hash: cidSchema, reason: z.string() }),
])

export type MissingItem = z.infer<typeof missingItemSchema>

export const sourceSchema = z.object({
  peerId: z.string().optional(),
  address: z.string().optional(),
  local: z.boolean(),
})

export const fetchResultSchema = z.object({
  contribution: contributionViewSchema,
  /** Where the manifest came from; `local` where it was here already. */
  source: sourceSchema,
  bytesMoved: z.number().int(),
  bytesVerified: z.number().int(),
  artifacts: z.array(artifactStateSchema),
  ancestors: z.array(cidSchema),
  /** Empty exactly when all that was asked for is here. */
  missing: z.array(missingItemSchema),
})

export type FetchResult = z.infer<typeof fetchResultSchema>
