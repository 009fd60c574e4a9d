import type { z } from 'zod'
import { accessOperations } from './access.ts'
import { blobOperations } from './blobs.ts'
import { contributionOperations } from './contributions.ts'
import { federationOperations } from './federation.ts'
import { frontierOperations } from './frontier.ts'
import { gossipOperations } from './gossip.ts'
import { graphOperations } from './graph.ts'
import { groveOperations } from './grove.ts'
import { joinOperations } from './join.ts'
import { leafOperations } from './leaf.ts'
import type { JsonOperation, Operation } from './operation.ts'

/** The table of all operations. Routes, client, MCP tools and the reference derive from it. */
export const operations = {
  ...contributionOperations,
  ...frontierOperations,
  ...graphOperations,
  ...blobOperations,
  ...federationOperations,
  ...gossipOperations,
  ...accessOperations,
  ...joinOperations,
  ...leafOperations,
  ...groveOperations,
}
export type Operations = typeof operations

/** The rows in order, without their own types. */
export const allOperations: readonly Operation[] = Object.values(operations)

/** Names of the JSON operations. */
export type CallName = {
  [N in keyof Operations]: Operations[N] extends JsonOperation ? N : never
}[keyof Operations]
/** What a caller passes: members with defaults may be left out. */
export type InputOf<N extends CallName> = z.input<Operations[N]['input']>
export type OutputOf<N extends CallName> = z.output<Operations[N]['output']>
