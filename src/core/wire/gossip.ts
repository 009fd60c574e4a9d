import { z } from 'zod'
import { cidSchema, directionSchema, timestampSchema } from '../contribution/schema.ts'
import { DIGEST_MAX_ENTRIES, SHUFFLE_MAX_PEERS } from '../limits.ts'
import { readFirstNames } from './first-names.ts'

/** What groves say to each other in gossip (PROTOCOL.md#gossip): read leniently, unknown fields are ignored. */

/** One entry of a digest: "I hold `cid`, whose `metric` is `value`". */
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

/** The version of Grove's own federation protocol that this code speaks, as `capabilities.federation`. */
export const FEDERATION_VERSION = 2

export const peerIdSchema = z.string().min(1).max(256)
export const addressSchema = z.string().min(1).max(2_048)

const fingerprintSchema = z.string().min(1).max(64)
const shortIdsSchema = z.array(z.string().min(1).max(64)).max(DIGEST_MAX_ENTRIES)

/** What a message says of digests beside the entries (PROTOCOL.md#digest-note). Grove 0.1 neither sends nor reads it. */
export const digestNoteSchema = z.object({
  /** Of the sender's whole digest. `frontier` is that digest, a part of it, or empty where the fingerprint is enough. */
  fingerprint: fingerprintSchema,
  /** Of the receiver's digest, where the sender knows it. */
  seen: fingerprintSchema.optional(),
  /** Only in an announcement: short ids of items that others told the sender. The answer carries no digest. */
  ihave: shortIdsSchema.optional(),
  /** In the answer to an announcement, or in a request of its own: short ids of the items that the sender lacks. */
  iwant: shortIdsSchema.optional(),
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
  digest: z.preprocess(readFirstNames, digestNoteSchema).optional(),
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
export const shuffleResponseSchema = z.object({
  offered: z.array(peerInfoSchema).max(SHUFFLE_MAX_PEERS),
})
export type ShuffleResponse = z.infer<typeof shuffleResponseSchema>

export const livenessStatusSchema = z.enum(['alive', 'suspected', 'failed'])
export type LivenessStatus = z.infer<typeof livenessStatusSchema>
export const peersAnswerSchema = z.object({
  peers: z.array(peerInfoSchema),
  liveness: z.array(
    z.object({ peer: peerInfoSchema, status: livenessStatusSchema, lastSeen: timestampSchema }),
  ),
})
export type PeersAnswer = z.infer<typeof peersAnswerSchema>
