import type { z } from 'zod'
import { jsonSchemaOf } from '../../src/api/schema/json-schema.ts'
import { layerSchema } from '../../src/config/layer.ts'
import * as core from '../../src/core/contribution/schema.ts'
import { nodeRecordSchema } from '../../src/core/identity/node-record.ts'
import { groveEventSchema } from '../../src/core/wire/events.ts'
import {
  aboutAnswerSchema,
  aboutRequestSchema,
  bestListSchema,
  bestQuerySchema,
  closureRequestSchema,
  closureTrailerSchema,
  federationPeerSchema,
  stubSchema,
  syncReportSchema,
} from '../../src/core/wire/federation.ts'
import {
  blobInfoSchema,
  fetchOptionsSchema,
  fetchResultSchema,
  missingAnswerSchema,
  missingRequestSchema,
} from '../../src/core/wire/fetch.ts'
import {
  federatedAnswerSchema,
  frontierAnswerSchema,
  searchAnswerSchema,
} from '../../src/core/wire/frontier.ts'
import {
  gossipMessageSchema,
  peersAnswerSchema,
  sampleAnswerSchema,
  sampleRequestSchema,
  shuffleRequestSchema,
  shuffleResponseSchema,
} from '../../src/core/wire/gossip.ts'
import { groveInfoSchema } from '../../src/core/wire/grove.ts'
import { groveIdentitySchema } from '../../src/core/wire/identity.ts'
import { threadSchema, threadsSchema } from '../../src/core/wire/threads.ts'

/** The schemas of values that others read or write, by the names of their files. */
export const published: Readonly<Record<string, z.ZodType>> = {
  manifest: core.manifestSchema,
  draft: core.draftSchema,
  contribution: core.contributionViewSchema,
  'gossip-message': gossipMessageSchema,
  'shuffle-request': shuffleRequestSchema,
  'shuffle-response': shuffleResponseSchema,
  'sample-request': sampleRequestSchema,
  'sample-answer': sampleAnswerSchema,
  'node-record': nodeRecordSchema,
  'gossip-peers': peersAnswerSchema,
  frontier: frontierAnswerSchema,
  'federated-frontier': federatedAnswerSchema,
  'search-answer': searchAnswerSchema,
  thread: threadSchema,
  threads: threadsSchema,
  'blob-info': blobInfoSchema,
  'missing-request': missingRequestSchema,
  'missing-answer': missingAnswerSchema,
  'fetch-options': fetchOptionsSchema,
  'fetch-result': fetchResultSchema,
  'best-query': bestQuerySchema,
  'best-list': bestListSchema,
  'about-request': aboutRequestSchema,
  'about-answer': aboutAnswerSchema,
  'closure-request': closureRequestSchema,
  'closure-trailer': closureTrailerSchema,
  'federation-peer': federationPeerSchema,
  'sync-report': syncReportSchema,
  stub: stubSchema,
  event: groveEventSchema,
  grove: groveInfoSchema,
  identity: groveIdentitySchema,
  config: layerSchema,
}

/** The name and text of each file in spec/schemas. */
export function schemaFiles(): [name: string, text: string][] {
  return Object.entries(published).map(([name, schema]) => {
    const document = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: name,
      ...jsonSchemaOf(schema),
    }
    return [`${name}.json`, `${JSON.stringify(document, undefined, 2)}\n`]
  })
}
