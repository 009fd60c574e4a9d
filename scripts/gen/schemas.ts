import type { z } from 'zod'
import { jsonSchemaOf } from '../../src/api/schema/json-schema.ts'
import { layerSchema } from '../../src/config.ts'
import * as core from '../../src/core/contribution/schema.ts'
import * as wire from '../../src/core/wire/wire.ts'

/** Values that others read or write, by the name of their file. */
export const published: Readonly<Record<string, z.ZodType>> = {
  manifest: core.manifestSchema,
  draft: core.draftSchema,
  contribution: core.contributionViewSchema,
  'gossip-message': wire.gossipMessageSchema,
  'shuffle-request': wire.shuffleRequestSchema,
  'shuffle-response': wire.shuffleResponseSchema,
  'gossip-peers': wire.peersAnswerSchema,
  frontier: wire.frontierSchema,
  'federated-frontier': wire.federatedFrontierSchema,
  'search-answer': wire.searchAnswerSchema,
  thread: wire.threadSchema,
  threads: wire.threadsSchema,
  'blob-info': wire.blobInfoSchema,
  'missing-request': wire.missingRequestSchema,
  'missing-answer': wire.missingAnswerSchema,
  'fetch-options': wire.fetchOptionsSchema,
  'fetch-result': wire.fetchResultSchema,
  'best-query': wire.bestQuerySchema,
  'best-list': wire.bestListSchema,
  'closure-request': wire.closureRequestSchema,
  'closure-trailer': wire.closureTrailerSchema,
  'federation-peer': wire.federationPeerSchema,
  'sync-report': wire.syncReportSchema,
  stub: wire.stubSchema,
  event: wire.groveEventSchema,
  grove: wire.groveInfoSchema,
  config: layerSchema,
}

/** Name and text of each file of spec/schemas. */
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
