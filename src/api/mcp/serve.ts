import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import {
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import type { Agent } from '../../core/contribution/schema.ts'
import { storageError } from '../../core/errno.ts'
import { errorBody, GroveError, isGroveError } from '../../core/errors.ts'
import type { FileRules } from '../../gather/paths.ts'
import type { Variables } from '../../git/run.ts'
import type { Log } from '../../ports/log.ts'
import { VERSION } from '../../version.ts'
import type { GroveApi } from '../client/api.ts'
import { explain } from '../client/explain.ts'
import { jsonSchemaOf } from '../schema/json-schema.ts'
import { parseArguments } from './arguments.ts'
import { inBrief, LISTED_MAX } from './brief.ts'
import { contributeTools } from './contribute.ts'
import { readTools } from './read.ts'
import { remedies } from './remedies.ts'
import type { Tool, ToolContext } from './tool.ts'
import { described } from './words.ts'

export interface McpOptions {
  readonly grove: GroveApi
  /** The author of contributions whose call names none. */
  readonly agent: Agent
  /** Which local files may be contributed. */
  readonly files: FileRules
  /** The user's environment, for git. Default: empty, in which git may not be found. */
  readonly env?: Variables
  readonly log: Log
}

const INSTRUCTIONS = [
  'A grove is a shared graph of immutable work.',
  'Find the best so far with grove_frontier or grove_federated_frontier.',
  'Copy what other groves hold with grove_fetch, and get its files with grove_checkout.',
  `Answers name the first ${LISTED_MAX} of many files, and in cutFrom how many there are; ` +
    'grove_files lists them all, by pages.',
  'Improve on it, then publish with grove_submit_work and a derives_from relation.',
  'Review, reproduce and adopt work that deserves it: that is how good work rises.',
].join(' ')

/**
 * Serves a grove as tools over a transport (stdio, in memory) until that closes. A tool that fails
 * gives a result with `isError` and the error's code.
 */
export async function serveMcp(options: McpOptions, transport: Transport): Promise<McpServer> {
  const mcp = new McpServer(
    { name: 'grove', version: VERSION },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  )
  const tools = new Map<string, Tool>(
    [...readTools, ...contributeTools].map((tool) => [tool.name, tool]),
  )
  const listed = [...tools.values()].map(listingOf)
  mcp.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: listed }))
  mcp.server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal }) =>
    callTool(tools, params, { env: {}, ...options, signal }),
  )
  await mcp.connect(transport)
  return mcp
}

function listingOf({ name, description, input, readOnly }: Tool) {
  const inputSchema = { ...described(jsonSchemaOf(input), readOnly), type: 'object' as const }
  return {
    name,
    description,
    inputSchema,
    annotations: { readOnlyHint: readOnly, openWorldHint: true },
  }
}

interface CallParams {
  readonly name: string
  readonly arguments?: Record<string, unknown> | undefined
}

async function callTool(
  tools: ReadonlyMap<string, Tool>,
  { name, arguments: given = {} }: CallParams,
  context: ToolContext & Pick<McpOptions, 'log'>,
): Promise<CallToolResult> {
  try {
    const tool = tools.get(name)
    if (tool === undefined)
      throw new GroveError('usage-error', { tool: name }, { message: `there is no tool ${name}` })
    const answer = await tool.run(parseArguments(tool.input, given), context)
    return resultOf(tool.isPaged === true ? answer : inBrief(answer))
  } catch (error) {
    const known = isGroveError(error) ? error : fileError(error)
    if (known === undefined) context.log.error('tool failed', { tool: name, err: error })
    return { ...resultOf(errorBody(known && withRemedy(known))), isError: true }
  }
}

/** The error, whose message says too what the agent can do about it. */
function withRemedy(error: GroveError): GroveError {
  const message = explain(error, remedies)
  return new GroveError(error.code, error.details, { cause: error, message })
}

/** An error of a local file, told as the caller's own: it is not a fault of the grove. */
function fileError(error: unknown): GroveError | undefined {
  const { code, path } = error as { code?: unknown; path?: unknown }
  if (code === 'ENOENT')
    return new GroveError(
      'not-found',
      { path },
      { cause: error, message: `there is no file ${String(path)}` },
    )
  if (code === 'EACCES' || code === 'EPERM')
    return new GroveError(
      'refused',
      { path },
      { cause: error, message: `grove may not read ${String(path)}` },
    )
  return typeof code === 'string' && typeof path === 'string'
    ? storageError(error, { path })
    : undefined
}

function resultOf(value: unknown): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(value) }] }
}
