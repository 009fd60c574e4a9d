import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { ServedGrove } from '../../../compose.ts'
import { decideConfig, type GroveConfig, type ServerConfig } from '../../../config.ts'
import { GroveError, isGroveError } from '../../../core/errors.ts'
import { replaceFile } from '../../../disk/plain-file.ts'
import type { Log } from '../../../ports/log.ts'
import { readConfigFile } from '../../config-file.ts'
import { projectDirectory, refuseServer, SERVER_FILE } from '../../connect.ts'
import { type Context, examples, type GlobalOptions } from '../../context.ts'
import { remember } from '../../known.ts'
import { print } from '../../output/output.ts'
import { terminalLog } from '../../output/terminal-log.ts'
import { addSettings, layerFrom, type SettingsOptions } from '../../settings.ts'

/**
 * Time for a grove to stop before its process is ended anyway. What was acknowledged is durable in
 * either case.
 */
const STOP_DEADLINE_MS = 4_800

/** `grove serve`: serves a directory until told to stop. */
export function addServe(program: Command, context: Context): void {
  const command = program
    .command('serve')
    .description('Serve a grove to agents and to other groves, until interrupted')
  addSettings(command)
    .addHelpText(
      'after',
      `\nThe directory is --dir, GROVE_DIR, a .grove here or above, or else a new .grove
here. Options override the environment, which overrides grove.json in the
directory. These have variables: GROVE_HOST, GROVE_PORT, GROVE_LOG_LEVEL, and
GOSSIP_SEEDS for --peer (commas between several); HOST and PORT count too, where
they are an IP address and a port. All have a name in grove.json, which is that
of the option in camelCase: {"peers": ["http://…"], "syncTopK": 5}.\n${examples([
        'grove serve',
        'grove serve --host 0.0.0.0 --public-url http://grove.example:4515 --admission signed',
        'grove serve --dir b --port 4516 --peer http://127.0.0.1:4515',
        'grove serve --gossip-interval 5s --sync-interval 10s',
        'grove serve --sync-dimension val_bpb --sync-threshold val_bpb=1.2',
        'grove serve --sync off',
      ])}`,
    )
    .action((options: SettingsOptions, self: Command) =>
      serve(context, { ...options, ...self.optsWithGlobals<GlobalOptions>() }),
    )
}

async function serve(context: Context, options: SettingsOptions & GlobalOptions): Promise<void> {
  refuseServer('serve', options)
  const dir = resolve(
    options.dir ??
      context.env.GROVE_DIR ??
      (await projectDirectory(process.cwd(), context.env)) ??
      '.grove',
  )
  const config = decideConfig({
    dir,
    flags: layerFrom(options),
    env: context.env,
    file: await readConfigFile(dir),
  })
  // Imported here, since it would slow the start of other commands.
  const [{ serveGrove }, { stderrLog }] = await Promise.all([
    import('../../../compose.ts'),
    import('../../../log.ts'),
  ])
  const { output, clock } = context
  const isTerminal = output.notes.isTTY === true
  const log = isTerminal
    ? terminalLog(output, clock, config.logLevel)
    : stderrLog(config.logLevel, output.notes)
  for (const text of config.notes) log.warn(text)
  const served = await serveGrove(config.grove, config.server, log).catch((error: unknown) => {
    throw withOrigin(error, config.server)
  })
  try {
    await remember(dir, context.env)
    await announce(context, config, served, log)
    // Serving is no answer: it goes on without whoever started it and read the address.
    await aborted(context.interrupted)
    context.exit(0)
  } finally {
    const forget = context.clock.after(STOP_DEADLINE_MS, () => stopHard(log))
    log.info('stopping')
    await rm(join(dir, SERVER_FILE), { force: true })
    await served.close()
    forget()
    log.info('stopped')
  }
}

/** An error about the address to listen on, with what gave it. */
function withOrigin(error: unknown, { from }: ServerConfig): unknown {
  if (!isGroveError(error) || error.details.port === undefined) return error
  const origins = Object.entries(from ?? {}).filter(([, name]) => name !== undefined)
  if (origins.length === 0) return error
  const text = origins.map(([key, name]) => `${key} from ${name}`).join(', ')
  return new GroveError(error.code, error.details, {
    cause: error,
    message: `${error.message} (${text})`,
  })
}

/**
 * Announces the address: by one line on stdout, and by a file for commands of Grove 0.2.0 that find
 * the directory in use. Later ones find the server by its socket.
 */
async function announce(
  { output }: Context,
  { grove, server }: GroveConfig,
  { url, localUrl }: Pick<ServedGrove, 'url' | 'localUrl'>,
  log: Log,
): Promise<void> {
  await noteServer(join(grove.dir, SERVER_FILE), localUrl, log)
  const { seeds, policy, gossipIntervalMs, syncIntervalMs } = grove
  log.info('listening', {
    url,
    dir: grove.dir,
    publicUrl: server.publicUrl,
    admission: grove.admission,
    peers: seeds.map((seed) => seed.address),
    sync: policy.scope,
    gossipIntervalMs,
    syncIntervalMs,
  })
  print(output, `grove listening on ${url}`)
}

/** Without the file, which a full disk has no room for, a command must be told the address. */
async function noteServer(path: string, url: string, log: Log): Promise<void> {
  try {
    const text = `${JSON.stringify({ url, pid: process.pid })}\n`
    await replaceFile(path, text, 0o600)
  } catch (err) {
    log.warn('the address could not be noted for other commands', { path, err })
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function stopHard(log: Log): void {
  log.error('did not stop in time', { deadlineMs: STOP_DEADLINE_MS })
  process.exit(1)
}
