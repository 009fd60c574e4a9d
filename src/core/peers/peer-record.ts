import { z } from 'zod'
import { cidSchema, directionSchema, timestampSchema } from '../contribution/schema.ts'
import { PROOFS_MAX } from '../limits.ts'

/** What is said of an item in one metric. */
const saidSchema = z.object({ value: z.number(), direction: directionSchema })

/** An advertisement that its manifest contradicts. Anybody who holds the manifest can check it. */
export const proofSchema = z.object({
  cid: cidSchema,
  metric: z.string(),
  advertised: saidSchema,
  /** What the manifest says; left out where it has no such score. */
  actual: saidSchema.optional(),
  at: timestampSchema,
})
export type Proof = z.infer<typeof proofSchema>

/**
 * What a peer has done for this grove or against it: advertisements and bytes that proved right or
 * wrong, contacts that failed.
 */
export const peerRecordSchema = z.object({
  confirmed: z.number(),
  contradicted: z.number(),
  bytesGood: z.number(),
  bytesBad: z.number(),
  failures: z.number(),
  lastError: z.object({ code: z.string(), message: z.string(), at: timestampSchema }).optional(),
  /** How far it is preferred now, 0 to 1; 0.5 for a peer of which nothing is known. Faults fade from it. */
  trust: z.number(),
  /** Its latest contradicted advertisements, oldest first. */
  proofs: z.array(proofSchema).max(PROOFS_MAX),
})
export type PeerRecord = z.infer<typeof peerRecordSchema>
