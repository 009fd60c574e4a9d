import { z } from 'zod'
import { cidSchema, contributionViewSchema, timestampSchema } from '../contribution/schema.ts'

export const threadNodeSchema = z.object({
  cid: cidSchema,
  depth: z.number().int(),
  contribution: contributionViewSchema,
})

export const threadSchema = z.object({ nodes: z.array(threadNodeSchema), count: z.number().int() })

export const threadSummarySchema = z.object({
  cid: cidSchema,
  replyCount: z.number().int(),
  lastReplyAt: timestampSchema,
  contribution: contributionViewSchema,
})

export const threadsSchema = z.object({
  threads: z.array(threadSummarySchema),
  count: z.number().int(),
})
