import { z } from 'zod'
import { attestationSchema } from '../contribution/attestation.ts'
import { cidSchema, directionSchema, kindSchema, timestampSchema } from '../contribution/schema.ts'
import { ORIGIN_MARK_CHARS } from '../identity/origin-mark.ts'
import { ABOUT_MAX, BEST_MAX, ORIGINS_ASKED_MAX, ORIGINS_TOLD_MAX } from '../limits.ts'
import { peerRecordSchema } from '../peers/peer-record.ts'
import { standingEntrySchema } from './access.ts'
import { capabilitiesSchema, livenessStatusSchema } from './gossip.ts'

/** The query for a best list. */
export const bestQuerySchema = z.object({
  /** The name of a metric or a signal. */
  dimension: z.string().min(1).max(256),
  direction: directionSchema.optional(),
  /** Only values that reach this one, in the dimension's direction. */
  threshold: z.number().optional(),
  /** An item needs at least one of these. */
  tags: z.array(z.string()).max(100).optional(),
  /** An item needs one of these. */
  kinds: z.array(kindSchema).max(100).optional(),
  limit: z.number().int().min(1).max(BEST_MAX).default(100),
})

/** Which of a grove's best items are asked for. */
export type BestQuery = z.infer<typeof bestQuerySchema>

/** One entry of a best list. */
export const bestEntrySchema = z.object({
  cid: cidSchema,
  value: z.number(),
  kind: kindSchema,
  tags: z.array(z.string()),
  /** Size of the manifest; -1 if the peer doesn't say. */
  manifestBytes: z.number().int(),
  /** Size of all artifacts that the responding grove holds; -1 if the peer doesn't say. */
  artifactBytes: z.number().int(),
  /** In signals that count other contributions, the fingerprint of those that count. */
  evidence: z.string().max(64).optional(),
})

/** A best list: the response to a best query. */
export const bestListSchema = z.object({
  dimension: z.string(),
  direction: directionSchema,
  /** Best first. */
  entries: z.array(bestEntrySchema).max(BEST_MAX),
})

/** What a grove holds in one dimension, best first. */
export type BestList = z.infer<typeof bestListSchema>

/** One item of a best list, with its sizes. */
export type BestEntry = z.infer<typeof bestEntrySchema>

/**
 * The request for a closure. The response is one line per contribution, parents first, and a
 * trailer.
 */
export const closureRequestSchema = z.object({
  cid: cidSchema,
  /** Steps along derives_from. */
  ancestors: z.number().int().min(0).max(64).optional(),
  /** Also reviews, reproductions and adoptions of the contribution. */
  evidence: z.boolean().optional(),
  /** With `evidence`: also replies to the contribution. */
  replies: z.boolean().optional(),
  /** With `evidence`: only what comes after this place, which is the `next` of another answer. */
  evidenceAfter: z.string().max(64).optional(),
  /** With `evidence`: only what came after this moment, which is the `until` of another answer. */
  evidenceSince: z.string().max(64).optional(),
})

/** Which closure is asked for. */
export type ClosureRequest = z.infer<typeof closureRequestSchema>

/** The last line of a closure. A closure without it was cut off. */
export const closureTrailerSchema = z.object({
  trailer: z.object({
    /** Number of contributions sent. */
    sent: z.number().int(),
    /** Bytes of their manifests. */
    bytes: z.number().int(),
    /** Ancestors within the requested steps that the responding grove doesn't hold. */
    missing: z.array(cidSchema),
    /** The limit that ended the closure early, if one did. */
    truncatedBy: z.enum(['count', 'depth', 'bytes']).optional(),
    /** Where the rest of the evidence begins; left out where there is none. */
    next: z.string().max(64).optional(),
    /** The moment at which the evidence was read. */
    until: z.string().max(64).optional(),
  }),
})

/** What a closure consisted of. */
export type ClosureTrailer = z.infer<typeof closureTrailerSchema>['trailer']

/** The question what a grove holds about these contributions. */
export const aboutRequestSchema = z.object({
  cids: z.array(cidSchema).max(ABOUT_MAX),
  /** Whether the answer says who has signed them, too. */
  origins: z.boolean().optional(),
})

/** Which contributions a grove is asked about. */
export type AboutRequest = z.infer<typeof aboutRequestSchema>

/** The contributions about which the responding grove holds something. */
export const aboutAnswerSchema = z.object({
  about: z
    .array(
      z.object({
        cid: cidSchema,
        /** A fingerprint of the contributions that name this one in a relation. */
        mark: z.string().max(64),
      }),
    )
    .max(ABOUT_MAX),
  /** How many of those asked about were looked at, the first ones. */
  looked: z.number().int().min(0),
  /**
   * For those who ask: fingerprints of who has signed each of those that were looked at, one after
   * the other.
   */
  signed: z
    .string()
    .max(ABOUT_MAX * ORIGIN_MARK_CHARS)
    .regex(/^[0-9a-f]*$/)
    .optional(),
})

/** The question who has signed these contributions. */
export const originsRequestSchema = z.object({ cids: z.array(cidSchema).max(ORIGINS_ASKED_MAX) })

/** Of which contributions the origins are asked for. */
export type OriginsRequest = z.infer<typeof originsRequestSchema>

/** The origins of those that are held and have any. */
export const originsAnswerSchema = z.object({
  origins: z
    .array(
      z.object({
        cid: cidSchema,
        /** The foremost first. */
        attestations: z.array(attestationSchema).max(ORIGINS_TOLD_MAX),
      }),
    )
    .max(ORIGINS_ASKED_MAX),
  /** How many of those asked about were looked at, the first ones. */
  looked: z.number().int().min(0),
})

/** Who has signed some contributions. */
export type OriginsAnswer = z.infer<typeof originsAnswerSchema>

/** What a grove holds about the contributions that it was asked about, as fingerprints. */
export type AboutAnswer = z.infer<typeof aboutAnswerSchema>

/** A peer as an operator sees it. */
export const federationPeerSchema = z.object({
  peerId: z.string(),
  address: z.string(),
  /** `unknown` until it has answered or failed to. */
  status: z.enum(['unknown', ...livenessStatusSchema.options]),
  seed: z.boolean(),
  /** What the operator has said of it, or a member list that is followed, if anything. */
  standing: z.enum([...standingEntrySchema.shape.standing.options, 'member']).optional(),
  lastSeen: timestampSchema.optional(),
  capabilities: capabilitiesSchema,
  record: peerRecordSchema,
})

/** A peer as an operator sees it: liveness, capabilities and record. */
export type FederationPeer = z.infer<typeof federationPeerSchema>

/** A peer that a round asked for its best lists. */
const askedPeerSchema = z.object({
  peerId: z.string(),
  address: z.string(),
  /** Places that it offered. */
  offered: z.number().int(),
  durationMs: z.number(),
  /** Why it offered nothing. */
  error: z.object({ code: z.string(), message: z.string() }).optional(),
})

/** A peer that a round asked, and what came of it. */
export type AskedPeer = z.infer<typeof askedPeerSchema>

/** An item that a round fetched. */
const broughtItemSchema = z.object({
  cid: cidSchema,
  kind: kindSchema,
  agentId: z.string(),
  summary: z.string(),
  /** Of the artifacts that are here. */
  sizeBytes: z.number().int(),
  /** The peer that sent the manifest; left out where that was here already. */
  address: z.string().optional(),
})

/** An item that a round fetched: whose it is, what it is, how large, and where it came from. */
export type BroughtItem = z.infer<typeof broughtItemSchema>

/** The report of a round of sync. */
export const syncReportSchema = z.object({
  startedAt: timestampSchema,
  durationMs: z.number(),
  /** Peers that were asked. */
  peers: z.number().int(),
  asked: z.array(askedPeerSchema).optional(),
  /** Items that they offered. */
  offered: z.number().int(),
  /** Those of them that were held already. */
  held: z.number().int().optional(),
  fetched: z.array(cidSchema),
  /**
   * Contributions that came because they are about something held here: replies, reviews,
   * reproductions, adoptions, derived work.
   */
  evidence: z.number().int(),
  /** The same items, with what a person wants to know of them. */
  brought: z.array(broughtItemSchema).optional(),
  skipped: z.array(z.object({ cid: cidSchema, reason: z.string() })),
  failed: z.array(
    z.object({
      cid: cidSchema,
      reason: z.string(),
      /** The peer that failed, where there is one. */
      address: z.string().optional(),
    }),
  ),
  /**
   * Items that are not fetched unasked for now, by reason. Held ones whose artifacts are too large
   * are among them.
   */
  refused: z.record(z.string(), z.number().int()),
  requests: z.number().int(),
  bytesMoved: z.number().int(),
})

/** What one round of sync did. */
export type SyncReport = z.infer<typeof syncReportSchema>

/** A stub as the API shows it. */
export const stubSchema = z.object({
  cid: cidSchema,
  /** Ids of peers. */
  promisedBy: z.array(z.string()),
  /** When it was first promised. */
  since: timestampSchema,
})

/** A contribution that is known by its id only, and promised by peers. */
export type Stub = z.infer<typeof stubSchema>

/** The metrics that a peer tells: all of them, or a page by name. */
export interface ToldMetrics {
  readonly names: readonly string[]
  /** The last name of a page after which more follow. */
  readonly next?: string | undefined
  /** Those that most stand behind, of all that it has. */
  readonly foremost?: readonly string[] | undefined
}
