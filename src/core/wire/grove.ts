import { z } from 'zod'
import { cidSchema, timestampSchema } from '../contribution/schema.ts'
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
