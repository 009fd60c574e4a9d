import { z } from 'zod'
import {
  cidSchema,
  contributionViewSchema,
  relationTypeSchema,
} from '../../core/contribution/schema.ts'
import { LIST_MAX } from '../../core/limits.ts'
import { ageTextSchema, threadTextSchema } from '../../core/ranking/cursor.ts'
import { listLimit, pageShape } from '../../core/wire/frontier.ts'
import { threadSchema, threadsSchema } from '../../core/wire/threads.ts'
import { diff } from '../../node/read/diff.ts'
import { ancestors, children, EVIDENCE_LISTED, evidenceFor } from '../../node/read/lists.ts'
import { THREAD_MAX, thread, threadCounts, threads } from '../../node/read/thread.ts'
import type { RankedThread } from '../../ports/graph-index.ts'
import { definedOnly } from '../schema/defined.ts'
import { listing } from './list-answer.ts'
import { json } from './operation.ts'

const group = 'graph'

/** Neighbours that are answered for one question, over HTTP in several parts. */
const NEIGHBOURS_MAX = 10_000

const neighboursInput = z.strictObject({
  cid: cidSchema,
  types: z.array(relationTypeSchema).optional(),
  limit: z.number().int().min(1).max(NEIGHBOURS_MAX).default(NEIGHBOURS_MAX),
  after: ageTextSchema.optional(),
})
const neighboursOutput = z.array(contributionViewSchema)

/** The neighbours in one direction, as the array that 0.1 answers. */
const neighbours = (find: typeof children | typeof ancestors) =>
  listing<z.output<typeof neighboursInput>, z.output<typeof neighboursOutput>>(
    {},
    (node, { cid, ...query }, { maxBytes, ...options }) => {
      const limit = maxBytes === undefined ? query.limit : Math.min(query.limit, LIST_MAX)
      return find(node, cid, definedOnly({ ...query, limit, maxBytes }), options)
    },
  )

const evidenceInput = z.strictObject({
  cid: cidSchema,
  types: z
    .array(relationTypeSchema)
    .max(relationTypeSchema.options.length)
    .default([...EVIDENCE_LISTED]),
  ...pageShape(20),
  after: ageTextSchema.optional(),
})
const evidenceOutput = z.object({ items: neighboursOutput, total: z.number().int() })

const threadInput = z.strictObject({
  cid: cidSchema,
  maxDepth: z.number().int().min(0).max(THREAD_MAX).default(THREAD_MAX),
  limit: listLimit(LIST_MAX),
  after: cidSchema.optional(),
})

const threadsInput = z.strictObject({
  tags: z.array(z.string()).max(100).optional(),
  limit: listLimit(20),
  unanswered: z
    .boolean()
    .default(false)
    .describe('whether discussions that nobody has answered are listed, too, newest first'),
  after: threadTextSchema.optional(),
})

export const graphOperations = {
  children: json({
    name: 'children',
    group,
    summary: 'List the contributions that relate to this one, oldest first',
    http: { method: 'GET', path: '/api/dag/:cid/children' },
    access: 'shared',
    input: neighboursInput,
    output: neighboursOutput,
    ...neighbours(children),
  }),
  ancestors: json({
    name: 'ancestors',
    group,
    summary: 'List the contributions that this one relates to, oldest first',
    http: { method: 'GET', path: '/api/dag/:cid/ancestors' },
    access: 'public',
    input: neighboursInput,
    output: neighboursOutput,
    ...neighbours(ancestors),
  }),
  evidence: json({
    name: 'evidence',
    group,
    summary:
      'List who reviewed, reproduced and adopted a contribution, and what they wrote, newest first',
    http: { method: 'GET', path: '/api/contributions/:cid/evidence' },
    access: 'public',
    input: evidenceInput,
    output: evidenceOutput,
    mcp: {
      tool: 'grove_evidence',
      description:
        'List who reviewed, reproduced and adopted a contribution, newest first: each with its ' +
        'agent, scores, summary and description.',
    },
    ...listing<z.output<typeof evidenceInput>, z.output<typeof evidenceOutput>>(
      { rows: 'items' },
      async (node, { cid, ...query }, { maxBytes, ...options }) => {
        const part = definedOnly({ ...query, maxBytes })
        const { total, ...found } = await evidenceFor(node, cid, part, options)
        return { ...found, others: { total } }
      },
    ),
  }),
  diff: json({
    name: 'diff',
    group,
    summary: 'Show the text of one artifact, or file by its path, in two contributions',
    http: { method: 'GET', path: '/api/diff/:parent/:child/:artifact' },
    access: 'public',
    input: z.strictObject({ parent: cidSchema, child: cidSchema, artifact: z.string() }),
    output: z.object({ parent: z.string(), child: z.string() }),
    run: (node, { parent, child, artifact }) => diff(node, parent, child, artifact),
  }),
  thread: json({
    name: 'thread',
    group,
    summary: 'Show a contribution and all replies to it, by depth',
    http: { method: 'GET', path: '/api/threads/:cid' },
    access: 'public',
    input: threadInput,
    output: threadSchema,
    mcp: {
      tool: 'grove_thread',
      description:
        'Show a discussion: a contribution and the replies to it, each with its depth. Where the ' +
        'answer has `next`, ask again with that as `after` for the rest.',
    },
    ...listing<z.output<typeof threadInput>, z.output<typeof threadSchema>>(
      { rows: 'nodes', isCounted: true },
      async (node, { cid, ...query }, { maxBytes }) => {
        const found = await thread(node, cid, definedOnly({ ...query, maxBytes }))
        const { next, isCut } = found
        return {
          next,
          rows: found.rows.map(({ row, depth }) => ({ ...row, beside: { cid: row.cid, depth } })),
          others: definedOnly({ next, cut: isCut ? true : undefined }),
        }
      },
    ),
  }),
  threads: json({
    name: 'threads',
    group,
    summary: 'List discussions, those with most replies first',
    http: { method: 'GET', path: '/api/threads' },
    access: 'public',
    input: threadsInput,
    output: threadsSchema,
    ...listing<z.output<typeof threadsInput>, z.output<typeof threadsSchema>>(
      { rows: 'threads', isCounted: true },
      async (node, query, { maxBytes, ...options }) => {
        const found = await threads(node, definedOnly({ ...query, maxBytes }), options)
        const rowOf = (ranked: RankedThread) => ({
          ...ranked.root,
          beside: threadCounts(ranked),
        })
        return { next: found.next, rows: found.rows.map(rowOf) }
      },
    ),
  }),
}
