import { z } from 'zod'
import { cidSchema, directionSchema, kindSchema, timestampSchema } from '../contribution/schema.ts'
import { syncReportSchema } from './federation.ts'
import { sourceSchema } from './fetch.ts'

/** A place in a grove's log of contributions, `<logId>:<seq>`: events can be followed on from there. */
export const eventIdSchema = z
  .string()
  .regex(/^[0-9a-f]{16}:\d{1,15}$/, 'must be <16 hex digits>:<number>, as an event gave it')

/** The id of the place behind entry `seq` of a log. */
export const eventId = (logId: string, seq: number) => `${logId}:${seq}`

/** The number in an event id; undefined where the id is of another log. */
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

/** What happens and is not kept: a listener sees it only while it listens. */
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

/** What a stream of events says of itself. */
const streamEventSchemas = [
  /** The stream was to go on from an id that this grove's log doesn't have. It starts now instead, at `id`. */
  z.object({ type: z.literal('reset'), at: timestampSchema, id: eventIdSchema }),
  /** The last event of a stream whose reader was too slow: `dropped` events are lost, contributions follow from `id` on. */
  z.object({
    type: z.literal('lagged'),
    at: timestampSchema,
    id: eventIdSchema,
    dropped: z.number().int(),
  }),
] as const

/** What happens in a grove, as it happens. Events with an `id` say from where a stream can be resumed. */
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
