import type { JsonObject } from '../core/canonical.ts'
import { listUntracked } from './files.ts'
import type { ShadowGit } from './shadow.ts'
import { commitOf } from './tree.ts'

/** Where a remote repository is, at most so many characters. */
const REMOTE_MAX_CHARS = 1_024

/**
 * What a contribution from git says of the repository (PROTOCOL.md#git): `context.grove.git`. Its
 * `commit` is that of `tree`, whose files it has, or else that of the work tree; `base` is that of
 * its patch.
 */
export async function gitNotes(
  git: ShadowGit,
  {
    tree = 'HEAD',
    base,
  }: { readonly tree?: string | undefined; readonly base?: string | undefined },
): Promise<JsonObject> {
  const commit = await commitOf(git, tree)
  const baseCommit = base === undefined ? undefined : await commitOf(git, base)
  const remote = publicRemote(git.config.get('remote.origin.url') ?? '')
  return {
    ...(commit === undefined ? {} : { commit }),
    ...(baseCommit === undefined ? {} : { base: baseCommit }),
    dirty: await isDirty(git),
    untracked: (await listUntracked(git)).length,
    ...(remote === undefined ? {} : { remote }),
  }
}

/** Whether tracked files differ from the last commit. */
async function isDirty(git: ShadowGit): Promise<boolean> {
  if ((await commitOf(git, 'HEAD')) === undefined) return true
  const args = ['diff', '--quiet', '--no-ext-diff', '--no-textconv', '--ignore-submodules=dirty']
  const outcome = await git.run(git.repository.folder, [...args, 'HEAD'])
  if (outcome.code > 1) throw git.failed(outcome)
  return outcome.code === 1
}

/**
 * A remote's address as it can be told: without user, password, query and fragment. Undefined for
 * local paths, programs and what is no address.
 */
export function publicRemote(url: string): string | undefined {
  if (url.length > REMOTE_MAX_CHARS || !/^[\x21-\x7e]+$/.test(url)) return undefined
  const parsed = URL.parse(url)
  if (parsed !== null && /^(?:https?|ssh|git|git\+ssh|ssh\+git):\/\//i.test(url)) {
    parsed.username = ''
    parsed.password = ''
    parsed.search = ''
    parsed.hash = ''
    return parsed.hostname === '' ? undefined : parsed.href
  }
  const [, host = '', path = ''] = /^(?:[^@/:]+@)?([\w.-]{2,}):(?![:/\\])(.+)$/.exec(url) ?? []
  return path === '' ? undefined : `${host}:${path.replace(/[?#].*$/s, '')}`
}
