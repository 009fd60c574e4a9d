import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { GroveError, isGroveError } from '../../../core/errors.ts'
import { type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { type AgentOptions, addAgent, agentFrom, readText } from '../../options.ts'
import { printable } from '../../output/format.ts'
import { note } from '../../output/output.ts'

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
 * Serves until the user interrupts, or until the agent has closed stdin and all that it asked for
 * is answered. Throws `body-too-large` for a message that is too long, `usage-error`.
 */
async function mcp(session: CliSession, options: McpFlags): Promise<void> {
  const { grove, env, output, signal } = session
  const roots = options.files ?? [process.cwd()]
  await requireFolders(roots)
  // Imported here, since it would slow the start of other commands.
  const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js')
  const { exactLines } = await import('../../../api/mcp/exact-lines.ts')
  const { serveMcp } = await import('../../../api/mcp/serve.ts')
  const { UnansweredTransport } = await import('../../../api/mcp/unanswered.ts')
  const { stderrLog } = await import('../../../log.ts')
  const agent = agentFrom(options, env.GROVE_AGENT_ID)
  const lines = exactLines(process.stdout)
  // Each answer that waits for its reader listens.
  process.stdout.setMaxListeners(0)
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => {})
  // A stdin that breaks has no end by itself.
  process.stdin.pipe(lines)
  process.stdin.once('close', () => lines.end())
  lines.once('error', ended.reject)
  lines.once('close', ended.resolve)
  const transport = new UnansweredTransport(new StdioServerTransport(lines))
  const server = await serveMcp(
    {
      ...{ grove, agent, env: { ...env } },
      files: { roots, include: options.include },
      log: stderrLog('warn', output.notes),
    },
    transport,
  )
  const interrupted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const looked = noteIfSilent(session)
  try {
    await Promise.race([interrupted, ended.promise.then(() => transport.answered())])
  } finally {
    // As long as it is read, an agent that keeps it open keeps an interrupted process.
    process.stdin.destroy()
    await looked
    await server.close()
  }
}

/** Throws `usage-error` for a folder of files to publish that isn't there. */
async function requireFolders(roots: readonly string[]): Promise<void> {
  for (const root of roots) {
    const found = await stat(root).catch(() => undefined)
    if (found?.isDirectory() === true) continue
    const message = `--files ${root}: there is no such directory`
    throw new GroveError('usage-error', { path: root }, { message })
  }
}

/** A server that does not answer now may do so when the agent asks: that is no reason to end. */
async function noteIfSilent({ grove, output, signal }: CliSession): Promise<void> {
  try {
    await grove.health({}, { signal })
  } catch (error) {
    if (!signal.aborted && isGroveError(error))
      note(output, `grove: tools fail for now: ${printable(error.message)}`)
  }
}
