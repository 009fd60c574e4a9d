import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { cleanEnvironment } from './environment.ts'

const main = join(import.meta.dirname, '../../../src/cli/main.ts')

/** An agent's session with a `grove mcp` process. */
export interface McpSession extends AsyncDisposable {
  readonly pid: number
  /** What a tool answers. Throws its error. */
  call<T>(tool: string, given?: Record<string, unknown>): Promise<T>
  /** Sends the process a signal, SIGKILL by default; resolves when the connection is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
}

/** Starts `grove mcp` with these arguments. */
export async function mcpSession(...args: readonly string[]): Promise<McpSession> {
  const agent = new Client({ name: 'test', version: '1' })
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [main, 'mcp', ...args],
    env: cleanEnvironment() as Record<string, string>,
    stderr: 'inherit',
  })
  const gone = new Promise<void>((resolve) => {
    agent.onclose = resolve
  })
  await agent.connect(transport)
  const { pid } = transport
  if (pid === null) throw new Error('grove mcp has no pid')
  return {
    pid,
    async call<T>(tool: string, given: Record<string, unknown> = {}) {
      const { content, isError } = await agent.callTool({ name: tool, arguments: given })
      const [{ text }] = content as [{ text: string }]
      if (isError === true) throw new Error(text)
      return JSON.parse(text) as T
    },
    async kill(signal = 'SIGKILL') {
      process.kill(pid, signal)
      await gone
    },
    [Symbol.asyncDispose]: () => agent.close(),
  }
}
