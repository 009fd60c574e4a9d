import { serverSentEvents } from '../../../src/api/client/event-stream.ts'
import { parseArguments } from '../../../src/api/mcp/arguments.ts'
import { contributeTools } from '../../../src/api/mcp/contribute.ts'
import { readTools } from '../../../src/api/mcp/read.ts'
import { allOperations } from '../../../src/api/operations/table.ts'
import { parseInput } from '../../../src/api/schema/parse.ts'
import { inputForms, readQuery, writeQuery } from '../../../src/api/schema/query.ts'
import { errorFromBody } from '../../../src/core/errors.ts'
import { readAs } from '../../../src/core/issues.ts'
import { standingRequestSchema, tokenRequestSchema } from '../../../src/core/wire/access.ts'
import { groveEventSchema } from '../../../src/core/wire/events.ts'
import {
  aboutAnswerSchema,
  aboutRequestSchema,
  bestListSchema,
  bestQuerySchema,
  closureRequestSchema,
  closureTrailerSchema,
} from '../../../src/core/wire/federation.ts'
import { fromFederation1, messageFor } from '../../../src/core/wire/federation-1.ts'
import { fetchOptionsSchema, missingRequestSchema } from '../../../src/core/wire/fetch.ts'
import { frontierAnswerSchema } from '../../../src/core/wire/frontier.ts'
import {
  digestNoteSchema,
  gossipMessageSchema,
  peersAnswerSchema,
  shuffleRequestSchema,
  shuffleResponseSchema,
} from '../../../src/core/wire/gossip.ts'
import { messageOf } from '../../support/gossip.ts'
import { collect } from '../../support/peer.ts'
import { comesBack, json, orRefused, REFUSED, type Target, target, text } from '../lab/target.ts'
import { draftOf, plainWork } from './samples.ts'

const { cid } = plainWork
const self = { peerId: 'peer', address: 'http://10.0.0.9:4515' }
const entry = { metric: 'val_bpb', value: 0.97, cid, tags: ['lm'] }
const info = { ...self, age: 1, lastSeen: '2026-01-01T00:00:00.000Z' }
const message = { ...messageOf(self, [entry]), digest: { fingerprint: 'a', ihave: ['b'] } }
const older = { ...messageOf(self, [entry]), digest: { print: 'a', news: ['b'], wants: [] } }

/** What goes between groves and what callers send, by schema. */
const schemas = {
  'gossip-message': [gossipMessageSchema, message, older],
  'shuffle-request': [shuffleRequestSchema, { sender: info, offered: [info] }],
  'shuffle-answer': [shuffleResponseSchema, { offered: [info] }],
  'peers-answer': [peersAnswerSchema, { peers: [info], liveness: [] }],
  'about-request': [aboutRequestSchema, { cids: [cid] }],
  'about-answer': [aboutAnswerSchema, { about: [{ cid, mark: 'x' }], looked: 1 }],
  'best-query': [bestQuerySchema, { dimension: 'val_bpb', limit: 10 }],
  'best-list': [
    bestListSchema,
    {
      dimension: 'val_bpb',
      direction: 'minimize',
      entries: [{ cid, value: 1, kind: 'work', tags: [], manifestBytes: 1, artifactBytes: 2 }],
    },
  ],
  'closure-request': [closureRequestSchema, { cid, ancestors: 1, evidence: true }],
  trailer: [closureTrailerSchema, { trailer: { sent: 1, bytes: 2, missing: [cid] } }],
  'missing-request': [missingRequestSchema, { hashes: [cid] }],
  'fetch-options': [fetchOptionsSchema, { ancestors: 1 }],
  'frontier-answer': [
    frontierAnswerSchema,
    { byMetric: {}, byAdoption: [], byRecency: [], byReviewScore: [], byReproduction: [] },
  ],
  event: [
    groveEventSchema,
    { type: 'reset', at: '2026-01-01T00:00:00.000Z', id: '0123456789abcdef:1' },
  ],
  'token-request': [tokenRequestSchema, { name: 'ci', scope: 'read' }],
  'standing-request': [standingRequestSchema, { peer: 'http://h', standing: 'blocked' }],
} as const

const tools = [...readTools, ...contributeTools]

export const wireTargets: readonly Target[] = [
  ...Object.entries(schemas).map(([name, [schema, ...seeds]]) =>
    json(name, seeds, (value) => parseInput(schema, value)),
  ),
  json('federation-1', [message, older], (value) => {
    const note = fromFederation1((value as { digest?: unknown } | null)?.digest)
    const { data } = readAs(digestNoteSchema, note)
    if (data === undefined) return REFUSED
    comesBack(data, (digest) => messageFor(1, { digest }).digest, fromFederation1)
    return data
  }),
  json(
    'error',
    [{ error: { code: 'absent', message: 'x', details: { reason: 'gone' } } }],
    (value) => orRefused(errorFromBody(value)),
  ),
  json(
    'arguments-of-tools',
    [{ tool: 'grove_submit_work', given: { summary: 'x', tags: '["a"]', scores: '{}' } }],
    (value) => {
      const { tool, given } = (value ?? {}) as { tool?: unknown; given?: unknown }
      const { input } = tools.find(({ name }) => name === tool) ?? (tools[0] as (typeof tools)[0])
      return parseArguments(input, given)
    },
  ),
  json('input-of-operations', [{ name: 'publish', given: draftOf('x') }], (value) => {
    const { name, given } = (value ?? {}) as { name?: unknown; given?: unknown }
    const asked = allOperations.find((each) => each.name === name)
    return parseInput((asked ?? (allOperations[0] as (typeof allOperations)[0])).input, given)
  }),
  text(
    'query',
    ['limit=10&tags=a,b&tag=c%2Cd&metric=val_bpb&offset=0', 'context=%7B%7D&after='],
    (search) => {
      for (const operation of queried) {
        const forms = inputForms(operation)
        const given = readQuery(search, forms)
        writeQuery(given, forms)
      }
    },
    { maxBytes: 8 * 1024 },
  ),
  target(
    'server-sent-events',
    ['id: 1\ndata: {"a":1}\n\n: a comment\ndata: x\r\ndata: y\n\n'],
    (bytes) => collect(serverSentEvents(inChunks(bytes))),
  ),
]

const queried = allOperations.filter(({ http }) => http.method === 'GET').slice(0, 6)

/** Bytes in pieces of odd lengths, as a network may bring them. */
export async function* inChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0, length = 1; at < bytes.length; at += length, length = (length * 7) % 1_009)
    yield bytes.subarray(at, at + length)
}
