import { z } from 'zod'
import { cidSchema, directionSchema, kindSchema, timestampSchema } from '../contribution/schema.ts'
import { syncReportSchema } from './federation.ts'
import { sourceSchema } from './fetch.ts'

/** What happens in a grove, as it happens. */
export const groveEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('contribution'),
    at: timestampSchema,
    cid: cidSchema,
    kind: kindSchema,
    summary: z.string(),
    source: sourceSchema,
  }),
  z.object({
    type: z.literal('announced'),
    at: timestampSchema,
    cid: cidSchema,
    metric: z.string(),
    value: z.number(),
    direction: directionSchema,
    peerId: z.string(),
  }),
  z.object({
    type: z.literal('transfer'),
    at: timestampSchema,
    hash: cidSchema,
    receivedBytes: z.number(),
    sizeBytes: z.number(),
    peerId: z.string(),
    done: z.boolean(),
  }),
  z.object({
    type: z.literal('fetch-failed'),
    at: timestampSchema,
    cid: cidSchema,
    code: z.string(),
    message: z.string(),
  }),
  z.object({
    type: z.literal('peer'),
    at: timestampSchema,
    peerId: z.string(),
    address: z.string(),
    status: z.enum(['alive', 'suspected', 'failed', 'recovered']),
  }),
  z.object({
    type: z.literal('peer-fault'),
    at: timestampSchema,
    peerId: z.string(),
    code: z.string(),
    message: z.string(),
  }),
  z.object({ type: z.literal('sync'), at: timestampSchema, report: syncReportSchema }),
])

export type GroveEvent = z.infer<typeof groveEventSchema>

/** An event before it is stamped. */
export type GroveEventBody = GroveEvent extends infer E
  ? E extends { at: string }
    ? Omit<E, 'at'>
    : never
  : never
