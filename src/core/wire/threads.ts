import { z } from 'zod'
import { cidSchema, contributionViewSchema, timestampSchema } from '../contribution/schema.ts'

/** A contribution of a thread, `depth` replies below the one that was asked for. */
export const threadNodeSchema = z.object({
  cid: cidSchema,
  /** Steps from the thread's root. */
  depth: z.number().int(),
  contribution: contributionViewSchema,
})

/** A contribution of a thread. */
export type ThreadNode = z.infer<typeof threadNodeSchema>

/** A thread: its root, then the replies by depth; or a page of that. */
export const threadSchema = z.object({
  nodes: z.array(threadNodeSchema),
  /** How many nodes there are in this answer. */
  count: z.number().int(),
  /** There is more: the same question with this as `after` goes on. */
  next: cidSchema.optional(),
  /**
   * There are replies that a thread doesn't reach, by its `maxDepth` or its bound: ask for the
   * threads of its last nodes.
   */
  cut: z.literal(true).optional(),
})

/** A page of a thread. */
export type Thread = z.infer<typeof threadSchema>

/** A thread in a list of threads: its root and the number of direct replies. */
export const threadSummarySchema = z.object({
  cid: cidSchema,
  replyCount: z.number().int(),
  /** Left out where nobody has replied. */
  lastReplyAt: timestampSchema.optional(),
  contribution: contributionViewSchema,
})

/** A thread in a list of threads. */
export type ThreadSummary = z.infer<typeof threadSummarySchema>

/** A list of threads, those with the most replies first, those without any last. */
export const threadsSchema = z.object({
  threads: z.array(threadSummarySchema),
  count: z.number().int(),
})
