import { z } from 'zod'
import { cidSchema, directionSchema, kindSchema, timestampSchema } from '../contribution/schema.ts'
import { syncReportSchema } from './federation.ts'
import { sourceSchema } from './fetch.ts'

/** A position in a grove's log of contributions, `<logId>:<seq>`: where a stream can be resumed. */
export const eventIdSchema = z
  .string()
  .regex(/^[0-9a-f]{16}:\d{1,15}$/, 'must be <16 hex digits>:<number>, the id of an event')

/** The position after entry `seq` of a log. */
export const eventId = (logId: string, seq: number) => `${logId}:${seq}`

/** The number in an event id; undefined if the id is of another log. */
export function seqIn(id: string, logId: string): number | undefined {
  const [log, seq] = id.split(':')
  return log === logId ? Number(seq) : undefined
}

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

/** Events that aren't stored: a listener sees them only while it listens. */
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
  z.object({ type: z.literal('sync'), at: timestampSchema, report: syncReportSchema }),
] as const

/** What a stream of events says about itself. */
const streamEventSchemas = [
  /**
   * The log doesn't have the id that the stream was to resume from. It starts now instead, at `id`.
   */
  z.object({ type: z.literal('reset'), at: timestampSchema, id: eventIdSchema }),
  /**
   * The last event of a stream whose reader was too slow. `dropped` live events are lost; it
   * resumes at `id`.
   */
  z.object({
    type: z.literal('lagged'),
    at: timestampSchema,
    id: eventIdSchema,
    dropped: z.number().int(),
  }),
] as const

/** What happens in a grove. After an event with an `id`, a stream can be resumed from there. */
export const groveEventSchema = z.discriminatedUnion('type', [
  contributionEventSchema,
  ...liveEventSchemas,
  ...streamEventSchemas,
])

export type GroveEvent = z.infer<typeof groveEventSchema>
export type ContributionEvent = z.infer<typeof contributionEventSchema>
export type LiveEvent = z.infer<(typeof liveEventSchemas)[number]>

/** A live event before it is stamped. */
export type LiveEventBody = LiveEvent extends infer E
  ? E extends { at: string }
    ? Omit<E, 'at'>
    : never
  : never
