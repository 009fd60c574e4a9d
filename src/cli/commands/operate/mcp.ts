import type { Command } from 'commander'
import { type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { type AgentOptions, addAgent, agentFrom, readText } from '../../options.ts'

interface McpFlags extends AgentOptions {
  readonly files?: string[]
  readonly include?: string[]
}

/** `grove mcp`: offers a grove's operations to an agent as tools, over stdin and stdout. */
export function addMcp(program: Command, context: Context): void {
  const command = program
    .command('mcp')
    .description(
      'Offer the grove to an agent as tools (Model Context Protocol, over stdin and stdout)',
    )
  addAgent(command)
  command
    .option(
      '--files <dir>',
      'a folder whose files an agent may publish (may be repeated; default: the working directory)',
      readText,
    )
    .option(
      '--include <pattern>',
      'let an agent publish what this matches, in the syntax of .gitignore, though it is hidden, ' +
        'ignored or a private key (may be repeated)',
      readText,
    )
    .addHelpText(
      'after',
      examples([
        'grove mcp --server http://127.0.0.1:4515 --agent-id alice',
        'grove mcp --dir /srv/grove',
      ]),
    )
    .action((options: McpFlags, self: Command) =>
      withGrove(context, self, (session) => mcp(session, options), {
        role: 'mcp',
        serveAfterMs: 0,
      }),
    )
}

/**
 * Serves until the agent closes stdin or the user interrupts. Throws `body-too-large` for a message
 * that is too long.
 */
async function mcp({ grove, env, output, signal }: CliSession, options: McpFlags): Promise<void> {
  // Imported here, since it would slow the start of other commands.
  const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js')
  const { exactLines } = await import('../../../api/mcp/exact-lines.ts')
  const { serveMcp } = await import('../../../api/mcp/serve.ts')
  const { stderrLog } = await import('../../../log.ts')
  const agent = agentFrom(options, env.GROVE_AGENT_ID)
  const roots = options.files ?? [process.cwd()]
  const lines = exactLines(process.stdout)
  // Each answer that waits for its reader listens.
  process.stdout.setMaxListeners(0)
  const server = await serveMcp(
    {
      ...{ grove, agent, env: { ...env } },
      files: { roots, include: options.include },
      log: stderrLog('warn', output.notes),
    },
    new StdioServerTransport(process.stdin.pipe(lines)),
  )
  try {
    await new Promise<void>((resolve, reject) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
      process.stdin.once('end', () => resolve())
      process.stdin.once('close', () => resolve())
      lines.once('error', reject)
    })
  } finally {
    // As long as it is read, an agent that keeps it open keeps an interrupted process.
    process.stdin.destroy()
    await server.close()
  }
}
