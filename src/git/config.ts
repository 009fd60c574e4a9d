import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { orUndefined, type Repository } from './repository.ts'
import { type GitPlace, gitOutput, runGit } from './run.ts'

/** A repository's configuration as it is written: last values by lower-case key. */
export type RawConfig = ReadonlyMap<string, string>

/** Reads a configuration file and nothing that it includes. Git only parses it. */
async function rawConfig(place: GitPlace, path: string): Promise<RawConfig> {
  if ((await orUndefined(stat(path)))?.isFile() !== true) return new Map()
  const args = ['config', '--file', path, '--no-includes', '-z', '--list']
  const entries = (await gitOutput(place, args)).toString('utf8').split('\0')
  return new Map(
    entries.filter(Boolean).map((entry): [string, string] => {
      const [key = '', ...value] = entry.split('\n')
      return [key, value.join('\n')]
    }),
  )
}

/**
 * The configuration of a work tree: that of its repository, and what it has of its own, where git
 * keeps `core.worktree` and line ends too once a sparse checkout is set.
 */
export async function repositoryConfig(
  place: GitPlace,
  { gitDir, commonDir }: Pick<Repository, 'gitDir' | 'commonDir'>,
): Promise<RawConfig> {
  const shared = await rawConfig(place, join(commonDir, 'config'))
  if (!isTrue(shared.get('extensions.worktreeconfig'))) return shared
  return new Map([...shared, ...(await rawConfig(place, join(gitDir, 'config.worktree')))])
}

/** Whether a repository leaves objects with another that git would ask for them. */
export function isPartial(config: RawConfig): boolean {
  if (config.has('extensions.partialclone')) return true
  return [...config].some(([key, value]) => /^remote\..*\.promisor$/s.test(key) && isTrue(value))
}

/**
 * The path that a value of the configuration stands for, by the rules of git; undefined if git
 * can't tell. `folder` is the work tree.
 */
export async function configuredPath(
  place: GitPlace,
  value: string,
  folder: string,
): Promise<string | undefined> {
  const key = 'grove.path'
  const args = ['-c', `${key}=${value}`, 'config', '--type=path', '--get', key]
  const { code, stdout } = await runGit(place, args)
  const path = stdout.toString('utf8').replace(/\n$/, '')
  return code === 0 && path !== '' ? resolve(folder, path) : undefined
}

const truth = /^(?:true|false|yes|no|on|off|1|0)$/i
const isTrue = (value = '') => /^(?:true|yes|on|1)$/i.test(value)

/**
 * What decides which files differ, and runs nothing: facts about the file system, which git found
 * out when it made the repository, and line ends. By keys, the values that are taken.
 */
const facts: readonly (readonly [key: string, values: RegExp])[] = [
  ['core.filemode', truth],
  ['core.symlinks', truth],
  ['core.ignorecase', truth],
  ['core.precomposeunicode', truth],
  ['core.autocrlf', /^(?:input|true|false|yes|no|on|off|1|0)$/i],
  ['core.eol', /^(?:lf|crlf|native)$/i],
]

/**
 * The configuration of our git directory: the form of the repository's objects, what decides which
 * files differ, and an end to what could run a program or change the form of a patch. `files` are
 * copies of files that the repository's configuration names, by their keys in `core`.
 */
export function shadowConfig(raw: RawConfig, files: Readonly<Record<string, string>> = {}): string {
  const known = facts.flatMap(([key, values]) => {
    const value = raw.get(key) ?? ''
    return values.test(value) ? [`${key.replace('core.', '')} = ${value}`] : []
  })
  const named = Object.entries(files).map(([key, path]) => `${key} = ${JSON.stringify(path)}`)
  const isSha256 = raw.get('extensions.objectformat')?.toLowerCase() === 'sha256'
  return [
    '[core]',
    `repositoryformatversion = ${isSha256 ? 1 : 0}`,
    'bare = false',
    'fsmonitor = false',
    'hooksPath = /dev/null',
    'quotePath = true',
    'untrackedCache = false',
    ...known,
    ...named,
    ...(isSha256 ? ['[extensions]', 'objectFormat = sha256'] : []),
    '',
  ].join('\n')
}
