import { z } from 'zod'
import { cidSchema, directionSchema, kindSchema, timestampSchema } from '../contribution/schema.ts'
import { syncReportSchema } from './federation.ts'
import { sourceSchema } from './fetch.ts'

/** A position in a grove's log of contributions, `<epoch>:<seq>`. A stream can resume from it. */
export const eventIdSchema = z
  .string()
  .regex(/^[0-9a-f]{16}:\d{1,15}$/, 'must be the id of an event, <16 hex digits>:<number>')

const contributionEventSchema = z.object({
  type: z.literal('contribution'),
  /** When this grove received it. */
  at: timestampSchema,
  id: eventIdSchema,
  cid: cidSchema,
  kind: kindSchema,
  summary: z.string(),
  source: sourceSchema,
})

/** Events that aren't stored: only streams that are open at the moment carry them. */
const liveEventSchemas = [
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
  /** Bytes held here lost their hash. They count as missing until they are stored again. */
  z.object({
    type: z.literal('damaged'),
    at: timestampSchema,
    hash: cidSchema,
    what: z.enum(['blob', 'manifest']),
  }),
  z.object({ type: z.literal('sync'), at: timestampSchema, report: syncReportSchema }),
] as const

/** What an event stream says about itself. */
const streamEventSchemas = [
  /** The log doesn't have the id from which the stream should resume. It starts now, at `id`. */
  z.object({ type: z.literal('reset'), at: timestampSchema, id: eventIdSchema }),
  /**
   * The last event of a stream whose reader was too slow. `dropped` live events are lost. A new
   * stream can resume from `id`.
   */
  z.object({
    type: z.literal('lagged'),
    at: timestampSchema,
    id: eventIdSchema,
    dropped: z.number().int(),
  }),
] as const

/** An event as a stream carries it. */
export const groveEventSchema = z.discriminatedUnion('type', [
  contributionEventSchema,
  ...liveEventSchemas,
  ...streamEventSchemas,
])

/** Something that happened in a grove. A stream can resume after any event that has an `id`. */
export type GroveEvent = z.infer<typeof groveEventSchema>
/** A contribution was stored. Streams that resume get these events from the log. */
export type ContributionEvent = z.infer<typeof contributionEventSchema>
/** An event that isn't stored: a stream that is not open at the moment misses it. */
export type LiveEvent = z.infer<(typeof liveEventSchemas)[number]>

/** A live event before it gets its time. */
export type LiveEventBody = LiveEvent extends infer E
  ? E extends { at: string }
    ? Omit<E, 'at'>
    : never
  : never
