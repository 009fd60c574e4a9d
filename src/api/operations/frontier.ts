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
    }),
    output: frontierAnswerSchema,
    run: (node, query, options) => frontier(node, definedOnly(query), options),
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
    input: z.strictObject({ origins: originsAsked }),
    output: federatedAnswerSchema,
    mcp: {
      tool: 'grove_federated_frontier',
      description:
        'Rank the best work known anywhere in the federation, with the groves that hold it. ' +
        'Entries with held: false are only advertised: copy them here with grove_fetch.',
    },
    run: (node, options) => federatedFrontier(node, options),
  }),
}
