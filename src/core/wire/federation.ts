import { z } from 'zod'
import { cidSchema, directionSchema, kindSchema, timestampSchema } from '../contribution/schema.ts'
import { BEST_MAX } from '../limits.ts'
import { peerRecordSchema } from '../peers/peer-record.ts'
import { capabilitiesSchema, livenessStatusSchema } from './gossip.ts'

export const bestQuerySchema = z.strictObject({
  dimension: z.string().min(1).max(256),
  direction: directionSchema.optional(),
  /** Only values that reach this, in the dimension's direction. */
  threshold: z.number().optional(),
  /** At least one of these. */
  tags: z.array(z.string()).max(100).optional(),
  kinds: z.array(kindSchema).max(100).optional(),
  limit: z.number().int().min(1).max(BEST_MAX).default(100),
})

export type BestQuery = z.infer<typeof bestQuerySchema>

export const bestEntrySchema = z.object({
  cid: cidSchema,
  value: z.number(),
  kind: kindSchema,
  tags: z.array(z.string()),
  /** Size of the manifest, and of all artifacts that the answering grove holds. */
  manifestBytes: z.number().int(),
  artifactBytes: z.number().int(),
  /** In the dimensions that count what others say: a fingerprint of who says something. */
  evidence: z.string().max(64).optional(),
})

export const bestListSchema = z.object({
  dimension: z.string(),
  direction: directionSchema,
  entries: z.array(bestEntrySchema).max(BEST_MAX),
})

export type BestList = z.infer<typeof bestListSchema>

export type BestEntry = z.infer<typeof bestEntrySchema>

/** A request for a contribution's surroundings; the answer is newline-delimited canonical manifests, parents first, and a trailer. */
export const closureRequestSchema = z.strictObject({
  cid: cidSchema,
  /** Steps along derives_from. */
  ancestors: z.number().int().min(0).max(64).optional(),
  /** Also reviews, reproductions and adoptions of it. */
  evidence: z.boolean().optional(),
})

export type ClosureRequest = z.infer<typeof closureRequestSchema>

export const closureTrailerSchema = z.object({
  trailer: z.object({
    sent: z.number().int(),
    bytes: z.number().int(),
    missing: z.array(cidSchema),
    truncatedBy: z.enum(['count', 'depth', 'bytes']).optional(),
  }),
})

export type ClosureTrailer = z.infer<typeof closureTrailerSchema>['trailer']

/** A peer as the operator sees it. */
export const federationPeerSchema = z.object({
  peerId: z.string(),
  address: z.string(),
  status: livenessStatusSchema,
  seed: z.boolean(),
  lastSeen: timestampSchema.optional(),
  capabilities: capabilitiesSchema,
  record: peerRecordSchema,
})

export type FederationPeer = z.infer<typeof federationPeerSchema>

export const syncReportSchema = z.object({
  startedAt: timestampSchema,
  durationMs: z.number(),
  peers: z.number().int(),
  offered: z.number().int(),
  fetched: z.array(cidSchema),
  skipped: z.array(z.object({ cid: cidSchema, reason: z.string() })),
  failed: z.array(z.object({ cid: cidSchema, reason: z.string() })),
  requests: z.number().int(),
  bytesMoved: z.number().int(),
})

export type SyncReport = z.infer<typeof syncReportSchema>

export const stubSchema = z.object({
  cid: cidSchema,
  promisedBy: z.array(z.string()),
  since: timestampSchema,
})

export type Stub = z.infer<typeof stubSchema>
