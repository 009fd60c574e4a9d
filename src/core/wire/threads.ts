import { z } from 'zod'
import { cidSchema, contributionViewSchema, timestampSchema } from '../contribution/schema.ts'

/** One contribution of a thread. */
export const threadNodeSchema = z.object({
  cid: cidSchema,
  /** Steps from the thread's root. */
  depth: z.number().int(),
  contribution: contributionViewSchema,
})

/** A thread: its root, then the replies by depth. */
export const threadSchema = z.object({ nodes: z.array(threadNodeSchema), count: z.number().int() })

/** A thread in a list of threads: its root and the number of direct replies. */
export const threadSummarySchema = z.object({
  cid: cidSchema,
  replyCount: z.number().int(),
  lastReplyAt: timestampSchema,
  contribution: contributionViewSchema,
})

/** A list of threads, those with the most replies first. */
export const threadsSchema = z.object({
  threads: z.array(threadSummarySchema),
  count: z.number().int(),
})
