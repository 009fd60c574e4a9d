import { z } from 'zod'
import { LIST_MAX } from '../../core/limits.ts'
import {
  federatedAnswerSchema,
  filterShape,
  frontierAnswerSchema,
  listLimit,
  pageShape,
  searchAnswerSchema,
} from '../../core/wire/frontier.ts'
import { federatedFrontier, frontier } from '../../node/read/frontier.ts'
import { resultOf, searchContributions } from '../../node/read/lists.ts'
import { SIGNERS_COUNTED } from '../../ports/graph-index.ts'
import { definedOnly } from '../schema/defined.ts'
import { listing } from './list-answer.ts'
import { json } from './operation.ts'

/** Metrics of the frontier in one answer, unless its caller says how many. */
const METRICS_USUAL = 100

const group = 'frontier'

const originsAsked = z
  .boolean()
  .default(false)
  .describe('whether entries that are held say which groves stand behind them')

/** Filters by who stands behind entries. */
const behindShape = {
  minOrigins: z
    .number()
    .int()
    .min(1)
    .max(SIGNERS_COUNTED)
    .optional()
    .describe('only entries behind which at least so many groves stand'),
  level: z
    .literal('attested')
    .optional()
    .describe('only what a grove that the operator trusts, and did not publish it, attests to'),
}

/** The same as the index is asked. */
function behindOf<T extends { readonly level?: 'attested' | undefined }>({ level, ...query }: T) {
  return { ...query, ...(level === 'attested' && { attested: true }) }
}

const searchInput = z.strictObject({
  q: z.string().max(1_000),
  ...filterShape,
  ...pageShape(20),
  after: z
    .string()
    .regex(/^\d{1,4}$/)
    .optional(),
})

export const frontierOperations = {
  frontier: json({
    name: 'frontier',
    group,
    summary:
      'Rank what is held here: the best by metric, adoption, recency, review and reproduction',
    http: { method: 'GET', path: '/api/frontier' },
    access: 'shared',
    input: z.strictObject({
      metric: z.string().optional(),
      ...filterShape,
      limit: listLimit(10),
      metrics: listLimit(METRICS_USUAL).describe('most metrics in one answer'),
      after: z.string().optional().describe('only metrics after this one, by name'),
      directions: z
        .boolean()
        .default(false)
        .describe('whether the answer says in which direction each metric ranks'),
      origins: originsAsked,
      ...behindShape,
    }),
    output: frontierAnswerSchema,
    run: (node, query, options) => frontier(node, behindOf(definedOnly(query)), options),
  }),
  search: json({
    name: 'search',
    group,
    summary: 'Search summaries, descriptions, tags and agents, best match first',
    http: { method: 'GET', path: '/api/search' },
    access: 'public',
    input: searchInput,
    output: searchAnswerSchema,
    ...listing<z.output<typeof searchInput>, z.output<typeof searchAnswerSchema>>(
      { rows: 'results', isCounted: true, show: resultOf },
      async (node, { q, limit, offset, after, ...filter }, { maxBytes, ...options }) => {
        const part = { limit, offset, ...definedOnly({ after, maxBytes }) }
        const question = { text: q, filter: definedOnly(filter), most: LIST_MAX, ...part }
        const { isBounded, ...found } = await searchContributions(node, question, options)
        return { ...found, others: isBounded ? { bounded: true } : {} }
      },
    ),
  }),
  federatedFrontier: json({
    name: 'federatedFrontier',
    group,
    summary: 'Show the best that is known anywhere, held here or only advertised by peers',
    http: { method: 'GET', path: '/api/gossip/frontier' },
    access: 'public',
    input: z.strictObject({ origins: originsAsked, ...behindShape }),
    output: federatedAnswerSchema,
    mcp: {
      tool: 'grove_federated_frontier',
      description:
        'Rank the best work known anywhere in the federation, with the groves that hold it. ' +
        'Entries with held: false are only advertised: copy them here with grove_fetch.',
    },
    run: (node, query) => federatedFrontier(node, behindOf(definedOnly(query))),
  }),
}
