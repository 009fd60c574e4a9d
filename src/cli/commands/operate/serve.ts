import { rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { decideConfig, type GroveConfig } from '../../../config.ts'
import type { Log } from '../../../ports/log.ts'
import { projectDirectory, readConfigFile, SERVER_FILE } from '../../connect.ts'
import { type Context, examples, type GlobalOptions } from '../../context.ts'
import { print } from '../../output/output.ts'
import { addSettings, layerFrom, type SettingsOptions } from '../../settings.ts'

/** A grove that is asked to end has this long; then its process ends all the same. What was acknowledged is durable either way. */
const STOP_DEADLINE_MS = 4_800

/** `grove serve`: serve a directory until told to stop. */
export function addServe(program: Command, context: Context): void {
  const command = program
    .command('serve')
    .description('Serve a grove to agents and to other groves, until interrupted')
  addSettings(command)
    .addHelpText(
      'after',
      `\nThe directory is --dir, GROVE_DIR, a .grove here or above, or else a new .grove here. Options go before the environment
(HOST, PORT, GOSSIP_SEEDS, GROVE_LOG_LEVEL), the environment before grove.json in the directory.\n${examples(
        [
          'grove serve',
          'grove serve --dir /srv/grove --host 0.0.0.0 --public-url http://grove.example:4515 --peer http://10.0.0.5:4515',
          'grove serve --dir b --port 4516 --peer http://127.0.0.1:4515 --gossip-interval 5s --sync-interval 10s',
          'grove serve --sync-dimension val_bpb --sync-threshold val_bpb=1.2 --max-artifact-bytes 16MiB',
          'grove serve --sync off',
        ],
      )}`,
    )
    .action((options: SettingsOptions, self: Command) =>
      serve(context, { ...options, ...self.optsWithGlobals<GlobalOptions>() }),
    )
}

async function serve(context: Context, options: SettingsOptions & GlobalOptions): Promise<void> {
  const dir = resolve(
    options.dir ?? context.env.GROVE_DIR ?? (await projectDirectory(process.cwd())) ?? '.grove',
  )
  const config = decideConfig({
    dir,
    flags: layerFrom(options),
    env: context.env,
    file: await readConfigFile(dir),
  })
  // Only here: other commands would start slower for it.
  const [{ serveGrove }, { stderrLog }] = await Promise.all([
    import('../../../compose.ts'),
    import('../../../log.ts'),
  ])
  const log = stderrLog(config.logLevel)
  const served = await serveGrove(config.grove, config.server, log)
  try {
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

/** Tells who waits for it, by the one line on stdout, and commands that find the directory in use, by a file in it. */
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

/** Where this machine reaches a server that listens on all of its addresses. */
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
