import { z } from 'zod'
import { cidSchema, kindSchema, timestampSchema } from '../../core/contribution/schema.ts'
import { LIST_MAX } from '../../core/limits.ts'
import { timestamp } from '../../core/time.ts'
import { CLOSURE_FORM_HEADER, CLOSURE_RECORDS } from '../../core/wire/closure.ts'
import {
  aboutAnswerSchema,
  aboutRequestSchema,
  bestListSchema,
  bestQuerySchema,
  closureRequestSchema,
  federationPeerSchema,
  originsAnswerSchema,
  originsRequestSchema,
  stubSchema,
  syncReportSchema,
} from '../../core/wire/federation.ts'
import { listLimit } from '../../core/wire/frontier.ts'
import { neutralPeer, neutralReport } from '../../node/peers/neutral.ts'
import { stubs } from '../../node/read/queries.ts'
import { federationPeers } from '../../node/read/status.ts'
import { about } from '../../node/serve/about.ts'
import { bestList } from '../../node/serve/best.ts'
import { streamClosure } from '../../node/serve/closure.ts'
import { originsOf } from '../../node/serve/origins.ts'
import { definedOnly } from '../schema/defined.ts'
import { json, stream } from './operation.ts'

const group = 'federation'
const nothing = z.strictObject({})
/** What background sync fetches, and the report of its latest round. */
const syncStatusSchema = z.object({
  scope: z.enum(['frontier', 'off']),
  intervalMs: z.number(),
  dimensions: z.array(z.string()).optional(),
  thresholds: z.record(z.string(), z.number()),
  tags: z.array(z.string()).optional(),
  kinds: z.array(kindSchema).optional(),
  topK: z.number().int(),
  maxArtifactBytes: z.number(),
  maxBytesPerRound: z.number(),
  maxRequestsPerRound: z.number(),
  /** Peers that a round is asking at the moment, and for how long. */
  asking: z.array(z.object({ address: z.string(), forMs: z.number() })).optional(),
  /** Items that are not fetched unasked for now, by reason. */
  refused: syncReportSchema.shape.refused,
  lastReport: syncReportSchema.optional(),
})
const refusalSchema = z.object({ cid: cidSchema, reason: z.string(), until: timestampSchema })

export const federationOperations = {
  federationPeers: json({
    name: 'federationPeers',
    group,
    summary: 'List the peers, and what each has done for this grove and against it',
    http: { method: 'GET', path: '/api/federation/peers' },
    access: 'read',
    input: nothing,
    output: z.object({ peers: z.array(federationPeerSchema) }),
    mcp: {
      tool: 'grove_peers',
      description:
        'List the groves that this one knows: whether they answer, and whether what they ' +
        'advertised and sent was right.',
    },
    async run(node, _, { isElsewhere }) {
      const peers = federationPeers(node)
      return { peers: isElsewhere === true ? peers.map((peer) => neutralPeer(node, peer)) : peers }
    },
  }),
  sync: json({
    name: 'sync',
    group,
    summary:
      'Run a round of background sync now: ask peers for their best, fetch what the policy wants',
    http: { method: 'POST', path: '/api/federation/sync' },
    access: 'operate',
    input: nothing,
    output: syncReportSchema,
    mcp: {
      tool: 'grove_sync',
      description: "Ask peers for their best now, and fetch what this grove's policy wants.",
    },
    async run(node, _, { signal, isElsewhere: isForeign = false }) {
      const report = await node.sync.round({ signal, isForeign })
      return isForeign ? neutralReport(report) : report
    },
  }),
  syncStatus: json({
    name: 'syncStatus',
    group,
    summary: 'Show the policy of background sync and the report of the latest round',
    http: { method: 'GET', path: '/api/federation/sync' },
    access: 'read',
    input: nothing,
    output: syncStatusSchema,
    async run({ config: { policy, syncIntervalMs }, sync }, _, { isElsewhere }) {
      const found = sync.lastReport
      const lastReport = found && isElsewhere === true ? neutralReport(found) : found
      const { dimensions, tags, kinds, ...rest } = policy
      const lists = { dimensions: dimensions?.slice(), tags: tags?.slice(), kinds: kinds?.slice() }
      const asking = sync.asking()
      return {
        ...rest,
        intervalMs: syncIntervalMs,
        asking,
        refused: sync.refusalCounts(),
        ...definedOnly({ ...lists, lastReport }),
      }
    },
  }),
  refusals: json({
    name: 'refusals',
    group,
    summary: 'List what background sync does not fetch for now, and why',
    http: { method: 'GET', path: '/api/federation/refusals' },
    access: 'read',
    input: nothing,
    output: z.object({ refusals: z.array(refusalSchema) }),
    async run(node) {
      return {
        refusals: node.sync
          .refusals()
          .map(({ until, ...rest }) => ({ ...rest, until: timestamp(until) })),
      }
    },
  }),
  stubs: json({
    name: 'stubs',
    group,
    summary: 'List contributions that are known by id only, and the peers that promised them',
    http: { method: 'GET', path: '/api/federation/stubs' },
    access: 'read',
    input: z.strictObject({ limit: listLimit(LIST_MAX) }),
    output: z.object({ stubs: z.array(stubSchema) }),
    run: async (node, { limit }) => ({ stubs: await stubs(node, limit) }),
  }),
  best: json({
    name: 'best',
    group,
    summary:
      'List the best in one dimension, with sizes, so that another grove can choose what to fetch',
    http: { method: 'GET', path: '/api/federation/best' },
    access: 'federation',
    input: bestQuerySchema,
    output: bestListSchema,
    run: (node, query, options) => bestList(node, definedOnly(query), options),
  }),
  about: json({
    name: 'about',
    group,
    summary:
      'Say which of these contributions something is held about, so that another grove can ask ' +
      'for the replies, reviews and reproductions that it lacks',
    http: { method: 'POST', path: '/api/federation/about' },
    access: 'federation',
    input: aboutRequestSchema,
    output: aboutAnswerSchema,
    run: (node, request) => about(node, request),
  }),
  origins: json({
    name: 'origins',
    group,
    summary: 'Say who has signed these contributions, as attestations, the foremost first',
    http: { method: 'POST', path: '/api/federation/origins' },
    access: 'federation',
    input: originsRequestSchema,
    output: originsAnswerSchema,
    run: (node, request) => originsOf(node, request),
  }),
  closure: stream({
    name: 'closure',
    group,
    summary:
      "Stream a contribution's ancestors and evidence, a canonical manifest or a record a line, " +
      'parents first, and then a trailer',
    http: { method: 'POST', path: '/api/federation/closure' },
    access: 'federation',
    contentType: 'application/x-ndjson',
    form: { header: CLOSURE_FORM_HEADER, name: CLOSURE_RECORDS },
    input: closureRequestSchema,
    run: (node, request, context) => streamClosure(node, request, context),
  }),
}
