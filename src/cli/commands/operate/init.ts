import { writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { CONFIG_FILE, decideConfig } from '../../../config.ts'
import { errnoOf, storageError } from '../../../core/errno.ts'
import { GroveError } from '../../../core/errors.ts'
import { readConfigFile } from '../../config-file.ts'
import { refuseServer } from '../../connect.ts'
import { type Context, examples, type GlobalOptions } from '../../context.ts'
import { isKnown, PROJECT_DIR, remember } from '../../known.ts'
import { printable } from '../../output/format.ts'
import { note, type Output, printJson, printProse } from '../../output/output.ts'
import { warnings } from '../../output/terminal-log.ts'
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
  const { stores, identity } = await openStores({ dir: directory }, warnings(output))
  const { peerId } = identity.key
  await stores.close()
  const isNew = await writeConfig(directory, layer)
  const canAdopt = basename(directory) === PROJECT_DIR && Object.keys(layer).length === 0
  if (!isNew && (!canAdopt || (await isKnown(directory, env))))
    throw alreadyThere(join(directory, CONFIG_FILE))
  const isKept = await remember(directory, env)
  if (!isNew && !isKept) throw new GroveError('read-only', { directory }, { message: notKept })
  if (!isNew) return adopted(output, options, { directory, peerId })
  if (options.json === true) return printJson(output, { dir: directory, peerId, config: layer })
  printProse(output, `made grove ${peerId} in ${directory}`)
  const isFound = named === undefined && options.dir === undefined && isKept
  const where = isFound ? '' : ` --dir ${directory}`
  if (!isKept) note(output, notKept)
  const names = 'the options of `grove serve`, in camelCase'
  const none = Object.keys(layer).length === 0 ? ' (empty: all are the defaults)' : ''
  note(output, `settings: ${join(directory, CONFIG_FILE)}${none}, by the names of ${names}`)
  note(output, `next: \`grove serve${where}\`, then \`grove contribute\``)
}

/** What to do where the grove of a project can't be told from one that came with others' files. */
const notKept =
  'nothing can be written below your home to remember that this grove is yours: ' +
  'name it by --dir or GROVE_DIR, or set XDG_STATE_HOME to a folder of your own'

/** Tells what was there: somebody else may have written the settings. */
async function adopted(
  output: Output,
  { json }: GlobalOptions,
  { directory, peerId }: { readonly directory: string; readonly peerId: string },
): Promise<void> {
  const config = await readConfigFile(directory)
  const shown = JSON.parse(JSON.stringify(config, withoutToken)) as unknown
  if (json === true) return printJson(output, { dir: directory, peerId, config: shown })
  printProse(output, `took over the grove ${peerId} that was in ${directory}`)
  note(output, 'whoever made it may have its key: `grove identity rotate` gives it another one')
  note(output, `its settings are ${printable(JSON.stringify(shown))}: edit them in ${CONFIG_FILE}`)
}

/** A token is not for the screen. */
const withoutToken = (name: string, value: unknown) => (name === 'token' ? '(hidden)' : value)

/** Writes the settings, unless there are some: then it returns false. */
async function writeConfig(directory: string, layer: object): Promise<boolean> {
  const path = join(directory, CONFIG_FILE)
  try {
    const text = `${JSON.stringify(layer, undefined, 2)}\n`
    await writeFile(path, text, { flag: 'wx', mode: 0o600 })
    return true
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return false
    throw storageError(cause, { path })
  }
}

function alreadyThere(path: string): GroveError {
  const message = `${path} already exists: edit it, or name another directory`
  return new GroveError('already-exists', { path }, { message })
}
