import { z } from 'zod'
import { addressSchema } from './gossip.ts'

/** How a hub calls a grove that nobody can dial (PROTOCOL.md#leaves). */

/** Bytes of a call, which may carry a gossip message. */
export const LEAF_CALL_MAX_BYTES = 1024 * 1024
/** Bytes of the head of an answer. */
export const LEAF_HEAD_MAX_BYTES = 64 * 1024
/** A line is written to after a silence of this length, so that both sides see that it stands. */
export const LEAF_HEARTBEAT_MS = 5_000

/** In a request for a blob: the contribution that it belongs to, which a hub may ask leaves for. */
export const VIA_HEADER = 'grove-via'
/** In a refusal: what was asked for is on its way to the grove that was asked. */
export const COMING_HEADER = 'grove-coming'

/** The id of a call: who doesn't know it can't answer. */
export const leafCallIdSchema = z.string().regex(/^[0-9a-f]{32}$/)

const headersSchema = z.record(z.string().max(256), z.string().max(32 * 1024))

/** A call, as a hub writes it on the line that a leaf holds. */
export const leafCallSchema = z.object({
  id: leafCallIdSchema,
  method: z.enum(['GET', 'HEAD', 'POST']),
  /** With the query. */
  path: z
    .string()
    .startsWith('/')
    .max(16 * 1024),
  headers: headersSchema,
  body: z.string().optional(),
})
/** A call, as a hub writes it on the line that a leaf holds. */
export type LeafCall = z.infer<typeof leafCallSchema>

/** The head of a leaf's answer: the first line of what it sends. The body follows as it is. */
export const leafHeadSchema = z.object({
  status: z.number().int().min(200).max(599),
  headers: headersSchema,
})
/** The head of a leaf's answer. */
export type LeafHead = z.infer<typeof leafHeadSchema>

/** Where a grove believes that it can be dialled. */
export const dialBackRequestSchema = z.strictObject({ address: addressSchema })
/** Whether it answered there by its key. Undefined where that can't be said. */
export const dialBackAnswerSchema = z.object({ reached: z.boolean().optional() })
