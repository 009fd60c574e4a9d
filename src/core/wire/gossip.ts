import { z } from 'zod'
import { isJsonObject } from '../canonical.ts'
import { cidSchema, directionSchema, timestampSchema } from '../contribution/schema.ts'
import { DIGEST_MAX_ENTRIES, SHUFFLE_MAX_PEERS } from '../limits.ts'
import { fromFederation1 } from './federation-1.ts'

/** The messages of gossip (PROTOCOL.md#gossip). Unknown fields are ignored. */

/** One entry of a digest. */
export const digestEntrySchema = z.object({
  metric: z.string().min(1).max(256),
  value: z.number(),
  cid: cidSchema,
  tags: z.array(z.string().max(256)).max(100).optional(),
  /** Grove always sends it; Grove 0.1 leaves it out when it relays an entry. */
  direction: directionSchema.optional(),
})
/** "I hold `cid`, whose `metric` is `value`." */
export type DigestEntry = z.infer<typeof digestEntrySchema>

const capabilitySchema = z.union([z.string().max(256), z.number(), z.boolean()])
/** What a grove says it can do, by name. */
export const capabilitiesSchema = z.record(z.string().max(64), capabilitySchema)
/** What a grove says it can do, by name; `federation` is its version of the protocol. */
export type Capabilities = z.infer<typeof capabilitiesSchema>

/** The version of the federation protocol that this code speaks, as `capabilities.federation`. */
export const FEDERATION_VERSION = 2

/** The id of a peer, by its own word. */
export const peerIdSchema = z.string().min(1).max(256)
/** The address of a peer: any text. It is checked when it is dialled. */
export const addressSchema = z.string().min(1).max(2_048)

const fingerprintSchema = z.string().min(1).max(64)
const shortIdsSchema = z.array(z.string().min(1).max(64)).max(DIGEST_MAX_ENTRIES)

/** The digest note (PROTOCOL.md#digest-note). Grove 0.1 neither sends nor reads it. */
export const digestNoteSchema = z.object({
  /**
   * Fingerprint of the sender's complete digest. `frontier` has that digest, a part of it, or
   * nothing if the fingerprint is enough.
   */
  fingerprint: fingerprintSchema,
  /** Fingerprint of the receiver's digest, if the sender knows it. */
  seen: fingerprintSchema.optional(),
  /**
   * Only in an announcement: short ids of items that the sender has newly got from others. The
   * response then has no digest.
   */
  ihave: shortIdsSchema.optional(),
  /**
   * In the response to an announcement, or in a request of its own: short ids of items that the
   * sender asks for.
   */
  iwant: shortIdsSchema.optional(),
})
/** Fingerprints and short ids, in the place of digest entries. */
export type DigestNote = z.infer<typeof digestNoteSchema>

/** The message of an exchange, in both directions. */
export const gossipMessageSchema = z.object({
  peerId: peerIdSchema,
  address: addressSchema,
  frontier: z.array(digestEntrySchema).max(DIGEST_MAX_ENTRIES),
  load: z.looseObject({ queueDepth: z.number() }),
  capabilities: z.preprocess(knownForms, capabilitiesSchema),
  timestamp: timestampSchema,
  digest: z.preprocess(fromFederation1, digestNoteSchema).optional(),
})
/** A grove's digest and load: what both sides of an exchange send. */
export type GossipMessage = z.infer<typeof gossipMessageSchema>

/** Leaves out capabilities of a form that a later version may add: they say nothing here. */
function knownForms(capabilities: unknown): unknown {
  if (!isJsonObject(capabilities)) return capabilities
  return Object.fromEntries(
    Object.entries(capabilities).filter((one) => isCapability(Object.fromEntries([one]))),
  )
}

const isCapability = (value: unknown) => capabilitiesSchema.safeParse(value).success

/** A peer as shuffles carry it. */
export const peerInfoSchema = z.object({
  peerId: peerIdSchema,
  address: addressSchema,
  /** Rounds since the peer was last known to answer (CYCLON §3). */
  age: z.number().int().nonnegative(),
  lastSeen: timestampSchema,
})
/** A peer as shuffles carry it, with its age. */
export type PeerInfo = z.infer<typeof peerInfoSchema>

/** The request of a shuffle. */
export const shuffleRequestSchema = z.object({
  sender: peerInfoSchema,
  offered: z.array(peerInfoSchema).max(SHUFFLE_MAX_PEERS),
})
/** The sender, and the peers that it offers. */
export type ShuffleRequest = z.infer<typeof shuffleRequestSchema>
/** The response to a shuffle. */
export const shuffleResponseSchema = z.object({
  offered: z.array(peerInfoSchema).max(SHUFFLE_MAX_PEERS),
})
/** The peers that are offered in return. */
export type ShuffleResponse = z.infer<typeof shuffleResponseSchema>

/** Peers that are named in one answer. */
export const SAMPLE_MAX = 10
/** A peer as it is named to others: by its key, its address, and the number of its node record. */
export const namedPeerSchema = z.object({
  peerId: peerIdSchema,
  address: addressSchema,
  /** 0 where no record of it is held. */
  seq: z.number().int().nonnegative(),
})
/** A peer as it is named to others. */
export type NamedPeer = z.infer<typeof namedPeerSchema>

/** A question who else is there. */
export const sampleRequestSchema = z.object({
  /** The grove that asks. */
  from: namedPeerSchema,
  /** Peers that the answer is to name at most. */
  most: z.number().int().min(0).max(SAMPLE_MAX),
  /** The number of the answerer's record that the asker holds; left out if it holds none. */
  have: z.number().int().nonnegative().optional(),
})
/** A question who else is there. */
export type SampleRequest = z.infer<typeof sampleRequestSchema>
/** The answer: peers that the answerer has called itself, with success. */
export const sampleAnswerSchema = z.object({
  peers: z.array(namedPeerSchema).max(SAMPLE_MAX),
  /** The answerer's node record, if the asker doesn't hold it. It is checked on its own. */
  record: z.unknown().optional(),
})
/** Peers that the answerer has called itself, and its own record. */
export type SampleAnswer = z.infer<typeof sampleAnswerSchema>

/** Whether a peer answers. */
export const livenessStatusSchema = z.enum(['alive', 'suspected', 'failed'])
/** Whether a peer answers: alive, suspected after a failure, failed after rounds of silence. */
export type LivenessStatus = z.infer<typeof livenessStatusSchema>
/** A grove's peers and their liveness, in the shape of 0.1. */
export const peersAnswerSchema = z.object({
  peers: z.array(peerInfoSchema),
  liveness: z.array(
    z.object({ peer: peerInfoSchema, status: livenessStatusSchema, lastSeen: timestampSchema }),
  ),
})
/** A grove's peers and their liveness. */
export type PeersAnswer = z.infer<typeof peersAnswerSchema>
