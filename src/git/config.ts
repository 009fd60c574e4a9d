import { stat } from 'node:fs/promises'
import { orUndefined } from './repository.ts'
import { type GitPlace, gitOutput } from './run.ts'

/** A repository's configuration as it is written: last values by lower-case key. */
export type RawConfig = ReadonlyMap<string, string>

/** Reads a configuration file and nothing that it includes. Git only parses it. */
export async function rawConfig(place: GitPlace, path: string): Promise<RawConfig> {
  if ((await orUndefined(stat(path))) === undefined) return new Map()
  const args = ['config', '--file', path, '--no-includes', '-z', '--list']
  const entries = (await gitOutput(place, args)).toString('utf8').split('\0')
  return new Map(
    entries.filter(Boolean).map((entry): [string, string] => {
      const [key = '', ...value] = entry.split('\n')
      return [key, value.join('\n')]
    }),
  )
}

/** Whether a repository leaves objects with another that git would ask for them. */
export function isPartial(config: RawConfig): boolean {
  if (config.has('extensions.partialclone')) return true
  return [...config].some(
    ([key, value]) => /^remote\..*\.promisor$/s.test(key) && value !== 'false',
  )
}

/** What git found out about the file system when it made the repository: true or false. */
const facts = ['core.filemode', 'core.symlinks', 'core.ignorecase', 'core.precomposeunicode']

/**
 * The configuration of our git directory: the form of the repository's objects, facts about the
 * file system, and an end to what could run a program or change the form of a patch.
 */
export function shadowConfig(raw: RawConfig): string {
  const known = facts.flatMap((key) => {
    const value = raw.get(key)
    return value === 'true' || value === 'false' ? [`${key.replace('core.', '')} = ${value}`] : []
  })
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
    ...(isSha256 ? ['[extensions]', 'objectFormat = sha256'] : []),
    '',
  ].join('\n')
}
