import { rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { decideConfig, type GroveConfig } from '../../../config.ts'
import type { Log } from '../../../ports/log.ts'
import { projectDirectory, readConfigFile, SERVER_FILE } from '../../connect.ts'
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
here. Options override the environment (HOST, PORT, GOSSIP_SEEDS,
GROVE_LOG_LEVEL), which overrides grove.json in the directory.\n${examples([
        'grove serve',
        'grove serve --host 0.0.0.0 --public-url http://grove.example:4515',
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
  const log = isTerminal ? terminalLog(output, clock, config.logLevel) : stderrLog(config.logLevel)
  const served = await serveGrove(config.grove, config.server, log)
  try {
    await remember(dir, context.env)
    await announce(context, config, served.url, log)
    await aborted(context.signal)
  } finally {
    const forget = context.clock.after(STOP_DEADLINE_MS, () => stopHard(log))
    log.info('stopping')
    await rm(join(dir, SERVER_FILE), { force: true })
    await served.close()
    forget()
    log.info('stopped')
  }
}

/**
 * Announces the address: by one line on stdout, and by a file for commands that find the directory
 * in use.
 */
async function announce(
  { output }: Context,
  { grove, server }: GroveConfig,
  url: string,
  log: Log,
): Promise<void> {
  const path = join(grove.dir, SERVER_FILE)
  await writeFile(`${path}.new`, `${JSON.stringify({ url: localUrl(url), pid: process.pid })}\n`)
  await rename(`${path}.new`, path)
  const { seeds, policy, gossipIntervalMs, syncIntervalMs } = grove
  log.info('listening', {
    url,
    dir: grove.dir,
    publicUrl: server.publicUrl,
    peers: seeds.map((seed) => seed.address),
    sync: policy.scope,
    gossipIntervalMs,
    syncIntervalMs,
  })
  print(output, `grove listening on ${url}`)
}

/** The loopback address of a server that listens on all addresses. */
function localUrl(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function stopHard(log: Log): void {
  log.error('did not stop in time', { deadlineMs: STOP_DEADLINE_MS })
  process.exit(1)
}
