import { z } from 'zod'
import {
  cidSchema,
  contributionViewSchema,
  relationTypeSchema,
} from '../../core/contribution/schema.ts'
import { LIST_MAX } from '../../core/limits.ts'
import { listLimit, pageShape } from '../../core/wire/frontier.ts'
import { threadSchema, threadsSchema } from '../../core/wire/threads.ts'
import { diff } from '../../node/read/diff.ts'
import { ancestors, children, EVIDENCE_LISTED, evidenceFor } from '../../node/read/queries.ts'
import { THREAD_MAX, thread, threads } from '../../node/read/thread.ts'
import { definedOnly } from '../schema/defined.ts'
import { json } from './operation.ts'

const group = 'graph'

const neighboursInput = z.strictObject({
  cid: cidSchema,
  types: z.array(relationTypeSchema).optional(),
})
const neighboursOutput = z.array(contributionViewSchema)

export const graphOperations = {
  children: json({
    name: 'children',
    group,
    summary: 'List the contributions that relate to this one, oldest first',
    http: { method: 'GET', path: '/api/dag/:cid/children' },
    input: neighboursInput,
    output: neighboursOutput,
    run: (node, { cid, types }) => children(node, cid, types),
  }),
  ancestors: json({
    name: 'ancestors',
    group,
    summary: 'List the contributions that this one relates to, oldest first',
    http: { method: 'GET', path: '/api/dag/:cid/ancestors' },
    input: neighboursInput,
    output: neighboursOutput,
    run: (node, { cid, types }) => ancestors(node, cid, types),
  }),
  evidence: json({
    name: 'evidence',
    group,
    summary:
      'List who reviewed, reproduced and adopted a contribution, and what they wrote, newest first',
    http: { method: 'GET', path: '/api/contributions/:cid/evidence' },
    input: z.strictObject({
      cid: cidSchema,
      types: z
        .array(relationTypeSchema)
        .max(relationTypeSchema.options.length)
        .default([...EVIDENCE_LISTED]),
      ...pageShape(20),
    }),
    output: z.object({ items: neighboursOutput, total: z.number().int() }),
    mcp: {
      tool: 'grove_evidence',
      description:
        'List who reviewed, reproduced and adopted a contribution, newest first: each with its ' +
        'agent, scores, summary and description.',
    },
    run: (node, { cid, types, limit, offset }, options) =>
      evidenceFor(node, cid, { types, page: { limit, offset } }, options),
  }),
  diff: json({
    name: 'diff',
    group,
    summary: 'Show the text of one artifact, or file by its path, in two contributions',
    http: { method: 'GET', path: '/api/diff/:parent/:child/:artifact' },
    input: z.strictObject({ parent: cidSchema, child: cidSchema, artifact: z.string() }),
    output: z.object({ parent: z.string(), child: z.string() }),
    run: (node, { parent, child, artifact }) => diff(node, parent, child, artifact),
  }),
  thread: json({
    name: 'thread',
    group,
    summary: 'Show a contribution and all replies to it, by depth',
    http: { method: 'GET', path: '/api/threads/:cid' },
    input: z.strictObject({
      cid: cidSchema,
      maxDepth: z.number().int().min(0).max(THREAD_MAX).default(THREAD_MAX),
      limit: listLimit(LIST_MAX),
      after: cidSchema.optional(),
    }),
    output: threadSchema,
    mcp: {
      tool: 'grove_thread',
      description:
        'Show a discussion: a contribution and the replies to it, each with its depth. Where the ' +
        'answer has `next`, ask again with that as `after` for the rest.',
    },
    run: (node, { cid, after, ...bounds }) =>
      thread(node, cid, { ...bounds, ...definedOnly({ after }) }),
  }),
  threads: json({
    name: 'threads',
    group,
    summary: 'List discussions, those with most replies first',
    http: { method: 'GET', path: '/api/threads' },
    input: z.strictObject({
      tags: z.array(z.string()).max(100).optional(),
      limit: listLimit(20),
      unanswered: z
        .boolean()
        .default(false)
        .describe('whether discussions that nobody has answered are listed, too, newest first'),
    }),
    output: threadsSchema,
    async run(node, query, options) {
      const found = await threads(node, definedOnly(query), options)
      return { threads: found, count: found.length }
    },
  }),
}
