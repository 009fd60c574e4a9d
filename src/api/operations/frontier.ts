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
import { searchContributions } from '../../node/read/queries.ts'
import { definedOnly } from '../schema/defined.ts'
import { json } from './operation.ts'

/** Metrics of the frontier in one answer, unless its caller says how many. */
const METRICS_USUAL = 100

const group = 'frontier'

export const frontierOperations = {
  frontier: json({
    name: 'frontier',
    group,
    summary:
      'Rank what is held here: the best by metric, adoption, recency, review and reproduction',
    http: { method: 'GET', path: '/api/frontier' },
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
    }),
    output: frontierAnswerSchema,
    run: (node, query, options) => frontier(node, definedOnly(query), options),
  }),
  search: json({
    name: 'search',
    group,
    summary: 'Search summaries, descriptions, tags and agents, best match first',
    http: { method: 'GET', path: '/api/search' },
    input: z.strictObject({ q: z.string().max(1_000), ...filterShape, ...pageShape(20) }),
    output: searchAnswerSchema,
    async run(node, { q: text, limit, offset, ...others }, options) {
      const filter = definedOnly(others)
      const search = { text, filter, limit: Math.min(limit + offset, LIST_MAX) }
      const found = await searchContributions(node, search, options)
      const results = found.results.slice(offset)
      return { results, count: results.length, ...(found.isBounded && { bounded: true as const }) }
    },
  }),
  federatedFrontier: json({
    name: 'federatedFrontier',
    group,
    summary: 'Show the best that is known anywhere, held here or only advertised by peers',
    http: { method: 'GET', path: '/api/gossip/frontier' },
    input: z.strictObject({}),
    output: federatedAnswerSchema,
    mcp: {
      tool: 'grove_federated_frontier',
      description:
        'Rank the best work known anywhere in the federation, with the groves that hold it. ' +
        'Entries with held: false are only advertised: copy them here with grove_fetch.',
    },
    run: (node) => federatedFrontier(node),
  }),
}
