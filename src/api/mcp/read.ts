import { resolve } from 'node:path'
import { z } from 'zod'
import type { Json } from '../../core/canonical.ts'
import { type ContributionView, kindSchema, type Relation } from '../../core/contribution/schema.ts'
import { hasWord } from '../../core/text.ts'
import { filterShape, pageShape } from '../../core/wire/frontier.ts'
import { checkoutInto } from '../client/checkout.ts'
import { changeInShort, withDifferences } from '../client/differences.ts'
import { latest } from '../client/latest.ts'
import { ifKnown, orWithoutNewer, statusOf } from '../client/older-server.ts'
import { rankingNamed, requireMetric } from '../client/rankings.ts'
import { allOperations, operations } from '../operations/table.ts'
import { definedOnly } from '../schema/defined.ts'
import { type Tool, type ToolContext, tool, wholeCid } from './tool.ts'

const cidText = z.string().describe('content id, or its first hex digits')

const { q: query, ...searchShape } = operations.search.input.shape

/** Tools that are operations of the table, as they are. */
const projected: Tool[] = allOperations.flatMap((operation) => {
  if (operation.kind !== 'json' || operation.mcp === undefined) return []
  const { name, input, http, mcp } = operation
  const run = async (given: unknown, context: ToolContext) => {
    const call = context.grove[name as 'contribution']
    return call((await withWholeCid(given, context)) as { cid: string }, { signal: context.signal })
  }
  return [
    {
      name: mcp.tool,
      description: mcp.description,
      input: abbreviable(input),
      readOnly: http.method === 'GET',
      isPaged: name === 'files',
      run,
    },
  ]
})

/** The same input, but its cid may be abbreviated. */
function abbreviable(input: z.ZodType): z.ZodType {
  if (!(input instanceof z.ZodObject) || !('cid' in input.shape)) return input
  return input.extend({ cid: cidText })
}

async function withWholeCid(input: unknown, context: ToolContext): Promise<unknown> {
  const { cid } = input as { cid?: unknown }
  return typeof cid === 'string'
    ? { ...(input as object), cid: await wholeCid(context, cid) }
    : input
}

/** Characters of a patch that are answered: a model reads all of them. */
const PATCH_MAX_CHARS = 40_000

/** The tools that read the graph, including the one that writes files to the caller's disk. */
export const readTools: readonly Tool[] = [
  ...projected,
  tool({
    name: 'grove_show',
    description:
      'Show one contribution: its summary, scores, artifacts, relations and context; and as its ' +
      'standing where it came from, what others made of it and how far it is believed.',
    readOnly: true,
    input: z.strictObject({ cid: cidText }),
    async run({ cid: text }, context) {
      const cid = await wholeCid(context, text)
      const { grove, signal } = context
      const view = await grove.contribution({ cid }, { signal })
      const standing = await ifKnown(grove.standing({ cid }, { signal }))
      return { ...view, ...definedOnly({ standing }) }
    },
  }),
  tool({
    name: 'grove_diff',
    description:
      'Show how the files of two contributions differ: the files, and a unified diff, of which ' +
      `the first ${PATCH_MAX_CHARS} characters are answered; cutFrom.patch says how many there ` +
      'are. Name a path for one file alone.',
    readOnly: true,
    input: z.strictObject({
      parent: cidText,
      child: cidText,
      path: z.string().optional().describe('only this file'),
    }),
    async run({ parent: before, child: after, path }, context) {
      const [parent, child] = [await wholeCid(context, before), await wholeCid(context, after)]
      const { grove, env, signal } = context
      const options = { path, env, binary: false, signal }
      return withDifferences(grove, [parent, child], options, ({ changes, patch = null }) => ({
        ...{ parent, child, changes: changes.map(changeInShort) },
        patch: patch?.slice(0, PATCH_MAX_CHARS) ?? null,
        ...((patch?.length ?? 0) > PATCH_MAX_CHARS && { cutFrom: { patch: patch?.length } }),
      }))
    },
  }),
  tool({
    name: 'grove_status',
    description:
      'Say what this grove is: its version and id, how much it holds, whether its peers answer, ' +
      'what of its storage is damaged, and what background sync does not fetch for now.',
    readOnly: true,
    input: z.strictObject({}),
    run: (_, { grove, signal }) => statusOf(grove, { signal }),
  }),
  tool({
    name: 'grove_frontier',
    description:
      'Rank the work that this grove holds: by each metric, and by adoption, recency, review ' +
      'score and reproduction. Start here to find what to build on. Another kind ranks among its ' +
      'own. leftOut and mixedUnits say what a ranking hides; support counts who says either ' +
      'direction.',
    readOnly: true,
    input: operations.frontier.input
      .omit({ directions: true, origins: true })
      .extend({ kind: kindSchema.default('work') }),
    async run(query, { grove, signal }) {
      const { metric, kind } = query
      const frontier = await orWithoutNewer((isNewer) =>
        grove.frontier(
          { ...query, ...(isNewer && { directions: true, origins: true }) },
          { signal },
        ),
      )
      if (metric !== undefined && rankingNamed(frontier, metric).length === 0)
        await requireMetric(grove, { metric, kind }, { signal })
      return frontier
    },
  }),
  tool({
    name: 'grove_search',
    description:
      'Search the full text of summaries, descriptions, tags and agents. Every word must occur, ' +
      'or, where it ends in *, a word that begins so; the best match comes first. `bounded` says ' +
      'that very common words took no part in the order: add rarer ones.',
    readOnly: true,
    input: z.strictObject({
      query: query.refine(hasWord, 'must have a word to look for'),
      ...searchShape,
    }),
    run: ({ query, ...rest }, { grove, signal }) => grove.search({ q: query, ...rest }, { signal }),
  }),
  tool({
    name: 'grove_log',
    description: 'List the latest contributions in short, newest first.',
    readOnly: true,
    input: z.strictObject({ ...filterShape, ...pageShape(10) }),
    async run({ limit, offset, ...filter }, { grove, signal }) {
      const { items, total } = await latest(
        grove,
        definedOnly(filter),
        { limit, offset },
        { signal },
      )
      return { results: items.map(inShort), total }
    },
  }),
  tool({
    name: 'grove_threads',
    description:
      'List discussions, those with most replies first, then those with the latest reply; those ' +
      'that nobody has answered come last, newest first.',
    readOnly: true,
    input: operations.threads.input.omit({ unanswered: true }),
    run: (query, { grove, signal }) =>
      orWithoutNewer((isNewer) =>
        grove.threads({ ...query, ...(isNewer && { unanswered: true }) }, { signal }),
      ),
  }),
  tool({
    name: 'grove_tree',
    description:
      'List what a contribution builds on, reviews, reproduces, adopts or answers (ancestors), ' +
      'and what does so with it (children).',
    readOnly: true,
    input: z.strictObject({
      cid: cidText,
      direction: z.enum(['children', 'ancestors', 'both']).default('both'),
    }),
    async run({ cid: text, direction }, context) {
      const cid = await wholeCid(context, text)
      const ask = async (side: 'children' | 'ancestors') =>
        (await context.grove[side]({ cid }, { signal: context.signal })).map(inShort)
      const sides = direction === 'both' ? (['children', 'ancestors'] as const) : [direction]
      return Object.fromEntries(
        await Promise.all(sides.map(async (side) => [side, await ask(side)])),
      )
    },
  }),
  tool({
    name: 'grove_checkout',
    description:
      "Write a contribution's files into a local directory, which must be new or empty unless " +
      'overwrite is set. It may be anywhere on the disk where who runs `grove mcp` may write; a ' +
      'relative path starts at its working directory, and the answer has the whole path. Files ' +
      'that this grove lacks are fetched first. Of foreign work, only plain files are written; ' +
      'the answer names what was withheld, and after overwrite what else lies there.',
    readOnly: false,
    input: z.strictObject({
      cid: cidText,
      directory: z.string().min(1).describe('where to write, such as /home/me/work/best'),
      overwrite: z.boolean().default(false),
      artifacts: z
        .array(z.string())
        .optional()
        .describe('only these files, by their paths (default: all)'),
    }),
    run: async ({ cid, directory, overwrite, artifacts }, context) =>
      checkoutInto(context.grove, await wholeCid(context, cid), resolve(directory), {
        overwrite,
        ...definedOnly({ artifacts }),
        signal: context.signal,
      }),
  }),
]

/** What came of a reproduction, without which a failed one looks like any other. */
function resultIn(metadata: Relation['metadata']): { readonly result?: Json } {
  const result = metadata?.['result']
  return result === undefined ? {} : { result }
}

function inShort({
  cid,
  kind,
  mode,
  summary,
  tags,
  scores,
  agent,
  relations,
  createdAt,
}: ContributionView) {
  return {
    cid,
    kind,
    mode,
    summary,
    tags,
    scores,
    agentId: agent.agentId,
    relations: relations.map(({ relationType, targetCid, metadata }) => ({
      relationType,
      targetCid,
      ...resultIn(metadata),
    })),
    createdAt,
  }
}
