import type { z } from 'zod'
import { blobOperations } from './blobs.ts'
import { contributionOperations } from './contributions.ts'
import { federationOperations } from './federation.ts'
import { frontierOperations } from './frontier.ts'
import { gossipOperations } from './gossip.ts'
import { graphOperations } from './graph.ts'
import { groveOperations } from './grove.ts'
import type { JsonOperation, Operation } from './operation.ts'

/** The table: all that a grove can be asked. Routes, client, MCP tools and the reference are projections of it. */
export const operations = {
  ...contributionOperations,
  ...frontierOperations,
  ...graphOperations,
  ...blobOperations,
  ...federationOperations,
  ...gossipOperations,
  ...groveOperations,
}
export type Operations = typeof operations

/** The table without the types of its rows, in order. */
export const allOperations: readonly Operation[] = Object.values(operations)

/** Names of the operations that take and answer JSON. */
export type CallName = {
  [N in keyof Operations]: Operations[N] extends JsonOperation ? N : never
}[keyof Operations]
/** What a caller hands in: members with defaults may be left out. */
export type InputOf<N extends CallName> = z.input<Operations[N]['input']>
export type OutputOf<N extends CallName> = z.output<Operations[N]['output']>
