import { z } from 'zod'
import { cidSchema, timestampSchema } from '../contribution/schema.ts'
import { keyIdSchema } from '../identity/rotation.ts'
import { admissions } from '../peers/admission.ts'
import { livenessStatusSchema } from './gossip.ts'

/** A grove's description of itself, in the shape of 0.1. */
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
    /** Groves that have answered under their keys, of which peers are chosen; not in `open`. */
    proven: z.number().int().optional(),
  }),
  /** Which groves may call it. Groves up to 0.2 don't say. */
  admission: z.enum(admissions).optional(),
  /** Until when the certificate is good by which it speaks https. */
  certificateUntil: timestampSchema.optional(),
  /** Whom it has joined, and how many have joined it. Groves up to 0.2 don't say. */
  memberships: z
    .object({
      hubs: z.array(
        z.object({
          peerId: keyIdSchema,
          address: z.string(),
          /** Whether the hub lists this grove. */
          isMember: z.boolean(),
          members: z.number().int(),
          /** When the hub signed the list that is followed. */
          listedAt: timestampSchema,
        }),
      ),
      members: z.number().int(),
    })
    .optional(),
  /** Only of a grove that nobody can dial: the hubs that call it on lines that it holds. */
  leaf: z
    .object({
      hubs: z.array(
        z.object({
          peerId: z.string(),
          address: z.string(),
          /** About how many of the latest works published here it was asked; absent before. */
          published: z.number().int().optional(),
          /** How many of these it doesn't hold. */
          lacking: z.number().int().optional(),
        }),
      ),
    })
    .optional(),
  /** How many such groves hold a line to this one. */
  leaves: z.number().int().optional(),
  /** True while signals and rankings are brought up to date with a change of who counts. */
  recounting: z.boolean().optional(),
  /** Groves up to 0.2 don't say. */
  storage: z
    .object({
      /** Why nothing can be stored at the moment. */
      failure: z.string().optional(),
      /** Blobs and manifests whose bytes were found damaged and have not come again. */
      damaged: z.number().int(),
      /** Some of them, by hash. */
      damagedHashes: z.array(cidSchema),
    })
    .optional(),
})

/** A grove's description of itself: version, id, numbers and peers. */
export type GroveInfo = z.infer<typeof groveInfoSchema>
