import { z } from 'zod'
import { cidSchema, directionSchema, timestampSchema } from '../contribution/schema.ts'
import { DIGEST_MAX_ENTRIES, SHUFFLE_MAX_PEERS } from '../limits.ts'

/** What groves say to each other in gossip (PROTOCOL.md §5): read leniently, unknown fields are ignored. */

/** One claim of a digest: "I hold `cid`, whose `metric` is `value`". */
export const digestEntrySchema = z.object({
  metric: z.string().min(1).max(256),
  value: z.number(),
  cid: cidSchema,
  tags: z.array(z.string().max(256)).max(100).optional(),
  /** Always sent by us; Grove 0.1 leaves it out when it relays. */
  direction: directionSchema.optional(),
})
export type DigestEntry = z.infer<typeof digestEntrySchema>

const capabilitySchema = z.union([z.string().max(256), z.number(), z.boolean()])
export const capabilitiesSchema = z.record(z.string().max(64), capabilitySchema)
export type Capabilities = z.infer<typeof capabilitiesSchema>

export const peerIdSchema = z.string().min(1).max(256)
export const addressSchema = z.string().min(1).max(2_048)

const printSchema = z.string().min(1).max(64)
const newsSchema = z.array(z.string().min(1).max(64)).max(DIGEST_MAX_ENTRIES)

/** What a message says of digests beside the entries (PROTOCOL.md §5). Grove 0.1 neither sends nor reads it. */
export const digestNoteSchema = z.object({
  /** Stands for the sender's whole digest; `frontier` is that digest, a part of it, or left empty where the print will do. */
  print: printSchema,
  /** The receiver's digest that the sender knows. */
  seen: printSchema.optional(),
  /** Only on an announcement: what the sender has newly got from others, by short ids. The answer to it carries no digest. */
  news: newsSchema.optional(),
  /** In the answer to an announcement, or by itself where that was in vain: those of the news that the sender of this lacks. */
  wants: newsSchema.optional(),
})
export type DigestNote = z.infer<typeof digestNoteSchema>

/** The gossip message: a grove's digest and its load. */
export const gossipMessageSchema = z.object({
  peerId: peerIdSchema,
  address: addressSchema,
  frontier: z.array(digestEntrySchema).max(DIGEST_MAX_ENTRIES),
  load: z.looseObject({ queueDepth: z.number() }),
  capabilities: capabilitiesSchema,
  timestamp: timestampSchema,
  digest: digestNoteSchema.optional(),
})
export type GossipMessage = z.infer<typeof gossipMessageSchema>

/** A peer as it travels in shuffles. `age` is in shuffle rounds. */
export const peerInfoSchema = z.object({
  peerId: peerIdSchema,
  address: addressSchema,
  age: z.number().int().nonnegative(),
  lastSeen: timestampSchema,
})
export type PeerInfo = z.infer<typeof peerInfoSchema>

export const shuffleRequestSchema = z.object({
  sender: peerInfoSchema,
  offered: z.array(peerInfoSchema).max(SHUFFLE_MAX_PEERS),
})
export type ShuffleRequest = z.infer<typeof shuffleRequestSchema>
export const shuffleResponseSchema = z.object({ offered: z.array(peerInfoSchema).max(SHUFFLE_MAX_PEERS) })
export type ShuffleResponse = z.infer<typeof shuffleResponseSchema>

export const livenessStatusSchema = z.enum(['alive', 'suspected', 'failed'])
export type LivenessStatus = z.infer<typeof livenessStatusSchema>
export const peersAnswerSchema = z.object({
  peers: z.array(peerInfoSchema),
  liveness: z.array(z.object({ peer: peerInfoSchema, status: livenessStatusSchema, lastSeen: timestampSchema })),
})
export type PeersAnswer = z.infer<typeof peersAnswerSchema>
