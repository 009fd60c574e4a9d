import { z } from 'zod'
import { cidSchema, directionSchema, timestampSchema } from '../contribution/schema.ts'
import { PROOFS_MAX } from '../limits.ts'

/** A score without its metric and unit. */
const valueSchema = z.object({ value: z.number(), direction: directionSchema })

/** A contradicted advertisement. Anybody who holds the manifest can check it. */
export const proofSchema = z.object({
  cid: cidSchema,
  metric: z.string(),
  advertised: valueSchema,
  /** The manifest's score; left out if it has none in this metric. */
  actual: valueSchema.optional(),
  at: timestampSchema,
})
/** A contradicted advertisement, with what the manifest says: the proof of a lie. */
export type Proof = z.infer<typeof proofSchema>

/** A peer record. Its counts are totals and don't decay. */
export const peerRecordSchema = z.object({
  /** Advertisements that their manifests confirmed. */
  confirmed: z.number(),
  /** Advertisements that their manifests contradicted. */
  contradicted: z.number(),
  /** Bytes that had the right hash. */
  bytesGood: z.number(),
  /** Bytes that had the wrong hash. */
  bytesBad: z.number(),
  /** Failures of the peer or of the network towards it, wrong bytes included. */
  failures: z.number(),
  lastError: z.object({ code: z.string(), message: z.string(), at: timestampSchema }).optional(),
  /** How far the peer is preferred now, from 0 to 1; 0.5 for an unknown peer. */
  trust: z.number(),
  /** The latest lies that can be proved, oldest first. */
  proofs: z.array(proofSchema).max(PROOFS_MAX),
})
/** What one peer has done for this grove and against it. */
export type PeerRecord = z.infer<typeof peerRecordSchema>
