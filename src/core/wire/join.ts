import { z } from 'zod'
import { timestampSchema } from '../contribution/schema.ts'
import { memberListSchema } from '../identity/members.ts'
import { keyIdSchema, ROTATIONS_MAX, rotationSchema } from '../identity/rotation.ts'
import { addressSchema } from './gossip.ts'

/** How a grove becomes a member of a federation (PROTOCOL.md#joining). */

/** Changes of key that come with one list of members. */
export const MEMBER_ROTATIONS_MAX = 1_024
/** Changes of key that a grove shows at once: its last ones. */
export const ROTATIONS_SHOWN_MAX = 8
const DAY_MS = 86_400_000
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`))
const nameSchema = z
  .string()
  .max(64)
  .regex(/^\P{Cc}*$/u, 'must be a plain line')

/** What an invite shall be like. */
export const inviteRequestSchema = z.strictObject({
  expiresInMs: z
    .number()
    .int()
    .min(1)
    .max(365 * DAY_MS)
    .default(DAY_MS),
  /** How many groves may join by it. */
  uses: z.number().int().min(1).max(1_000).default(1),
  /** Where joiners reach this grove. Default: its own address. */
  address: addressSchema.optional(),
})

/** What is known of an invite. */
export const inviteInfoSchema = z.object({
  id: z.string(),
  createdAt: timestampSchema,
  expiresAt: timestampSchema,
  isExpired: z.boolean(),
  /** Whether it ended because the grove has another key since. */
  endedByRotation: z.boolean().optional(),
  uses: z.number().int(),
  /** Who joined by it. */
  usedBy: z.array(keyIdSchema),
  /** Who came with it when it was used up: somebody has a copy of it. */
  refused: z.array(z.object({ peerId: keyIdSchema, at: timestampSchema })),
})
/** What is known of an invite. */
export type InviteInfo = z.infer<typeof inviteInfoSchema>

/** An invite that was just made. Its line can't be shown again. */
export const newInviteSchema = inviteInfoSchema.extend({
  line: z.string(),
  /** Whether the address in it means this machine to whoever reads it. */
  isLoopback: z.boolean(),
})
/** An invite that was just made. */
export type NewInvite = z.infer<typeof newInviteSchema>

/** What a grove shows to join: that it has the invite, and not the invite. */
export const joinRequestSchema = z.strictObject({
  /** Which invite. */
  id: hex(12),
  nonce: hex(32),
  proof: hex(64),
  /** For people. */
  name: nameSchema.optional(),
  /** How its key has changed: it may have joined by the invite under the one before. */
  rotations: z.array(rotationSchema).max(ROTATIONS_MAX).optional(),
})
/** What a grove shows to join. */
export type JoinRequest = z.infer<typeof joinRequestSchema>

/** How members have changed their keys: beside a list, which has their present ones only. */
const memberRotationsSchema = z.array(rotationSchema).max(MEMBER_ROTATIONS_MAX).optional()

/** The list of a hub's members, and how its key and theirs have changed. */
export const membersAnswerSchema = z.object({
  /** Undefined where the caller has the latest. */
  list: memberListSchema.optional(),
  rotations: z.array(rotationSchema).max(ROTATIONS_MAX),
  memberRotations: memberRotationsSchema,
})
/** The list of a hub's members, and how its key and theirs have changed. */
export type MembersAnswer = z.infer<typeof membersAnswerSchema>

/** What the grove that was joined shows in return. */
export const joinAnswerSchema = z.object({
  proof: hex(64),
  list: memberListSchema,
  memberRotations: memberRotationsSchema,
})
/** What the grove that was joined shows in return. */
export type JoinAnswer = z.infer<typeof joinAnswerSchema>

/** A grove that this one has joined. */
export const hubSchema = z.object({
  peerId: keyIdSchema,
  address: addressSchema,
  joinedAt: timestampSchema,
  /** The number of its list of members, and since when that is so, by its word. */
  seq: z.number().int(),
  listedAt: timestampSchema,
  members: z.array(keyIdSchema),
  /** Whether this grove is among them. */
  isMember: z.boolean(),
})
/** A grove that this one has joined. */
export type Hub = z.infer<typeof hubSchema>

/** How a grove's key has changed, as it shows that to those that knew it by an earlier one. */
export const rotatedRequestSchema = z.strictObject({
  rotations: z.array(rotationSchema).min(1).max(ROTATIONS_SHOWN_MAX),
})

/** Whether the grove was known by one of its keys: its standing goes on. */
export const rotatedAnswerSchema = z.object({ isKnown: z.boolean() })

/** A grove that has joined this one. */
export const memberSchema = z.object({
  peerId: keyIdSchema,
  name: nameSchema.optional(),
  since: timestampSchema,
  /** The keys that it had before, the last one first. */
  formerly: z.array(keyIdSchema).optional(),
})
