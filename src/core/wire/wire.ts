import { z } from 'zod'
import {
  artifactNameSchema,
  cidSchema,
  contributionViewSchema,
  directionSchema,
  jsonObjectSchema,
  kindSchema,
  modeSchema,
  timestampSchema,
} from '../contribution/schema.ts'
import { BEST_MAX, LIST_MAX, MISSING_MAX_HASHES, PROVIDERS_MAX } from '../limits.ts'
import { peerRecordSchema } from '../peers/peer-record.ts'
import {
  addressSchema,
  capabilitiesSchema,
  digestEntrySchema,
  livenessStatusSchema,
  peerIdSchema,
} from './gossip.ts'

/**
 * Every other value on the wire: what groves say to each other and what the API answers. What peers send is read
 * leniently (unknown fields ignored, PROTOCOL.md §4); what callers of the API send is read strictly.
 */

/** How far something is believed (PROTOCOL.md §2). */
export const levelSchema = z.enum(['advertised', 'bound', 'evidenced', 'attested'])
export type Level = z.infer<typeof levelSchema>

// Gossip

export * from './gossip.ts'

/** Who advertised an item, most recent first. */
export const providerSchema = z.object({
  peerId: peerIdSchema,
  address: addressSchema,
  lastAdvertised: timestampSchema,
})
export type Provider = z.infer<typeof providerSchema>

/** What this grove knows of the best anywhere: 0.1's fields, and who holds it and how far it is believed. */
export const federatedEntrySchema = digestEntrySchema.extend({
  direction: directionSchema,
  level: levelSchema,
  held: z.boolean(),
  providers: z.array(providerSchema).max(PROVIDERS_MAX),
  firstSeen: timestampSchema,
})
export type FederatedEntry = z.infer<typeof federatedEntrySchema>
export const federatedFrontierSchema = z.object({ entries: z.array(federatedEntrySchema) })

// Frontier, search, threads

export const filterShape = {
  kind: kindSchema.optional(),
  mode: modeSchema.optional(),
  tags: z.array(z.string()).max(100).optional(),
  agentId: z.string().optional(),
  agentName: z.string().optional(),
  platform: z.string().optional(),
  context: jsonObjectSchema.optional(),
}
export const filterSchema = z.strictObject(filterShape)
/** Which contributions are meant: all that are given must hold. `context`: each of its keys is there and equal. */
export type Filter = z.infer<typeof filterSchema>

export const frontierEntrySchema = z.object({
  cid: cidSchema,
  summary: z.string(),
  value: z.number(),
  kind: kindSchema,
  mode: modeSchema,
  agentId: z.string(),
})
export type FrontierEntry = z.infer<typeof frontierEntrySchema>
export const frontierSchema = z.object({
  byMetric: z.record(z.string(), z.array(frontierEntrySchema)),
  byAdoption: z.array(frontierEntrySchema),
  byRecency: z.array(frontierEntrySchema),
  byReviewScore: z.array(frontierEntrySchema),
  byReproduction: z.array(frontierEntrySchema),
})
export type FrontierAnswer = z.infer<typeof frontierSchema>

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
export const searchAnswerSchema = z.object({
  results: z.array(searchResultSchema),
  count: z.number().int(),
})
export type SearchResult = z.infer<typeof searchResultSchema>

export const threadNodeSchema = z.object({
  cid: cidSchema,
  depth: z.number().int(),
  contribution: contributionViewSchema,
})
export const threadSchema = z.object({ nodes: z.array(threadNodeSchema), count: z.number().int() })
export const threadSummarySchema = z.object({
  cid: cidSchema,
  replyCount: z.number().int(),
  lastReplyAt: timestampSchema,
  contribution: contributionViewSchema,
})
export const threadsSchema = z.object({
  threads: z.array(threadSummarySchema),
  count: z.number().int(),
})

// Blobs

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

// Fetch

/** The options of a fetch, the same in the library, on the command line and as a JSON body (PROTOCOL.md §5). */
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

// Federation

export const bestQuerySchema = z.strictObject({
  dimension: z.string().min(1).max(256),
  direction: directionSchema.optional(),
  /** Only values that reach this, in the dimension's direction. */
  threshold: z.number().optional(),
  /** At least one of these. */
  tags: z.array(z.string()).max(100).optional(),
  kinds: z.array(kindSchema).max(100).optional(),
  limit: z.number().int().min(1).max(BEST_MAX).optional(),
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

/** What happens in a grove, as it happens. */
export const groveEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('contribution'),
    at: timestampSchema,
    cid: cidSchema,
    kind: kindSchema,
    summary: z.string(),
    source: sourceSchema,
  }),
  z.object({
    type: z.literal('announced'),
    at: timestampSchema,
    cid: cidSchema,
    metric: z.string(),
    value: z.number(),
    direction: directionSchema,
    peerId: z.string(),
  }),
  z.object({
    type: z.literal('transfer'),
    at: timestampSchema,
    hash: cidSchema,
    receivedBytes: z.number(),
    sizeBytes: z.number(),
    peerId: z.string(),
    done: z.boolean(),
  }),
  z.object({
    type: z.literal('fetch-failed'),
    at: timestampSchema,
    cid: cidSchema,
    code: z.string(),
    message: z.string(),
  }),
  z.object({
    type: z.literal('peer'),
    at: timestampSchema,
    peerId: z.string(),
    address: z.string(),
    status: z.enum(['alive', 'suspected', 'failed', 'recovered']),
  }),
  z.object({
    type: z.literal('peer-fault'),
    at: timestampSchema,
    peerId: z.string(),
    code: z.string(),
    message: z.string(),
  }),
  z.object({ type: z.literal('sync'), at: timestampSchema, report: syncReportSchema }),
])
export type GroveEvent = z.infer<typeof groveEventSchema>
/** An event before it is stamped. */
export type GroveEventBody = GroveEvent extends infer E
  ? E extends { at: string }
    ? Omit<E, 'at'>
    : never
  : never

export const groveInfoSchema = z.object({
  version: z.string(),
  protocol: z.object({ manifestVersion: z.literal(1) }),
  peerId: z.string(),
  stats: z.object({ contributions: z.number().int(), activeClaims: z.number().int() }),
  gossip: z.object({
    enabled: z.boolean(),
    peers: z.number().int(),
    liveness: z.array(
      z.object({ peerId: z.string(), status: livenessStatusSchema, lastSeen: timestampSchema }),
    ),
  }),
})
export type GroveInfo = z.infer<typeof groveInfoSchema>

export const pageShape = {
  limit: z.number().int().min(1).max(LIST_MAX).optional(),
  offset: z.number().int().min(0).optional(),
}
