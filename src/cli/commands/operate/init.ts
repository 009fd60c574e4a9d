import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { CONFIG_FILE, decideConfig } from '../../../config.ts'
import { errnoOf, storageError } from '../../../core/errno.ts'
import { GroveError } from '../../../core/errors.ts'
import { silentLog } from '../../../ports/log.ts'
import { refuseServer } from '../../connect.ts'
import { type Context, examples, type GlobalOptions } from '../../context.ts'
import { note, print, printJson } from '../../output/output.ts'
import { addSettings, layerFrom, type SettingsOptions } from '../../settings.ts'

/** `grove init`: makes a grove's directory and its configuration. */
export function addInit(program: Command, context: Context): void {
  const command = program
    .command('init')
    .description('Make a grove in a directory, with its configuration in grove.json')
    .argument('[dir]', 'directory (default: --dir, GROVE_DIR, else .grove)')
  addSettings(command)
    .addHelpText(
      'after',
      examples([
        'grove init',
        'grove init /srv/grove --port 4600 --peer http://10.0.0.5:4515',
        'grove init --sync-threshold val_bpb=1.2 --max-artifact-bytes 16MiB',
      ]),
    )
    .action((dir: string | undefined, options: SettingsOptions, self: Command) =>
      init(context, dir, { ...options, ...self.optsWithGlobals<GlobalOptions>() }),
    )
}

async function init(
  { env, output }: Context,
  named: string | undefined,
  options: SettingsOptions & GlobalOptions,
): Promise<void> {
  refuseServer('init', options)
  const directory = resolve(named ?? options.dir ?? env.GROVE_DIR ?? '.grove')
  const layer = layerFrom(options)
  decideConfig({ dir: directory, flags: layer })
  // Imported here, since it would slow the start of other commands.
  const { openStores } = await import('../../../compose.ts')
  const { stores, peerId } = await openStores({ dir: directory }, silentLog)
  await stores.close()
  await writeConfig(directory, layer)
  if (options.json === true) return printJson(output, { dir: directory, peerId, config: layer })
  print(output, `made grove ${peerId} in ${directory}`)
  const where = named === undefined && options.dir === undefined ? '' : ` --dir ${directory}`
  const names = 'the options of `grove serve`, in camelCase'
  note(output, `settings: ${join(directory, CONFIG_FILE)}, by the names of ${names}`)
  note(output, `next: \`grove serve${where}\`, then \`grove contribute\``)
}

async function writeConfig(directory: string, layer: object): Promise<void> {
  const path = join(directory, CONFIG_FILE)
  try {
    await writeFile(path, `${JSON.stringify(layer, undefined, 2)}\n`, {
      flag: 'wx',
      mode: 0o600,
    })
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST')
      throw new GroveError(
        'already-exists',
        { path },
        { cause, message: `${path} already exists: edit it, or name another directory` },
      )
    throw storageError(cause, { path })
  }
}
