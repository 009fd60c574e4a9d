import { z } from 'zod'
import { cidSchema, contributionViewSchema, timestampSchema } from '../contribution/schema.ts'

/** A contribution of a thread, `depth` replies below the one that was asked for. */
export const threadNodeSchema = z.object({
  cid: cidSchema,
  depth: z.number().int(),
  contribution: contributionViewSchema,
})

export type ThreadNode = z.infer<typeof threadNodeSchema>

export const threadSchema = z.object({ nodes: z.array(threadNodeSchema), count: z.number().int() })

/** A contribution that has replies. */
export const threadSummarySchema = z.object({
  cid: cidSchema,
  replyCount: z.number().int(),
  lastReplyAt: timestampSchema,
  contribution: contributionViewSchema,
})

export type ThreadSummary = z.infer<typeof threadSummarySchema>

export const threadsSchema = z.object({
  threads: z.array(threadSummarySchema),
  count: z.number().int(),
})
