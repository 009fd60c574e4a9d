import { join, relative, sep } from 'node:path'
import { pathOfBytes } from '../core/contribution/names.ts'
import type { ShadowGit } from './shadow.ts'

/** The files below a folder, as git tells them apart. */
export interface GitFiles {
  /** Files that are tracked, some of which may be gone, or that no pattern excludes. */
  readonly included: readonly string[]
  /** Folders with a repository of their own: submodules, and others. They end in `/`. */
  readonly repositories: readonly string[]
  /** What patterns exclude. A folder with nothing else in it is one path that ends in `/`. */
  readonly excluded: readonly string[]
  /** What this user may not read: folders, which end in `/`, and files of patterns. */
  readonly unreadable: readonly string[]
  /** All files that patterns exclude, one by one; empty unless they were asked for. */
  readonly eachExcluded: readonly string[]
}

/** Which files patterns exclude: those of the tree, of the repository, and of the user. */
const STANDARD = '--exclude-standard'

/**
 * Lists the files below a folder of the work tree. If patterns above exclude the folder itself,
 * they and what is tracked don't count: whoever names it means what is in it.
 */
export async function listFiles(
  git: ShadowGit,
  folder: string,
  { eachExcluded = false } = {},
): Promise<GitFiles> {
  const env = (await isExcluded(git, folder))
    ? { GIT_WORK_TREE: folder, GIT_INDEX_FILE: join(git.dir, 'no-index') }
    : {}
  const list = async (...args: string[]) =>
    pathsIn(await git.output(folder, ['ls-files', '-z', ...args], env))
  const tracked = (await list('--stage')).map(stagedPath)
  const others = await git.run(folder, ['ls-files', '-z', STANDARD, '--others'], env)
  if (others.code !== 0) throw git.failed(others)
  const all = [...new Set([...tracked, ...pathsIn(others.stdout)])]
  const excluded = [STANDARD, '--others', '--ignored']
  return {
    included: all.filter((path) => !path.endsWith('/')),
    repositories: all.filter((path) => path.endsWith('/')),
    unreadable: passedOver(others.stderr).map((path) =>
      way(folder, join(env.GIT_WORK_TREE ?? git.repository.folder, path), path.endsWith('/')),
    ),
    excluded: await list(...excluded, '--directory'),
    eachExcluded: eachExcluded ? await list(...excluded) : [],
  }
}

/**
 * What git warns of that it can't read in the work tree, by paths from its top. Files of patterns
 * elsewhere are the user's own, which git does without.
 */
function passedOver(warnings: string): string[] {
  const form = /^warning: (?:could not open directory|unable to access) '([^/].*)': /gm
  return [...warnings.matchAll(form)].map(([, path = '']) => path)
}

function way(from: string, to: string, isFolder: boolean): string {
  return relative(from, to).split(sep).join('/') + (isFolder ? '/' : '')
}

/** The path in `<mode> <object> <stage>\t<path>`; that of a submodule ends in `/`. */
function stagedPath(line: string): string {
  const path = line.slice(line.indexOf('\t') + 1)
  return line.startsWith('160000 ') ? `${path}/` : path
}

/** The paths of all files of the work tree that are neither tracked nor excluded. */
export async function listUntracked(git: ShadowGit): Promise<string[]> {
  const { folder } = git.repository
  return pathsIn(await git.output(folder, ['ls-files', '-z', STANDARD, '--others']))
}

async function isExcluded(git: ShadowGit, folder: string): Promise<boolean> {
  if (folder === git.repository.folder) return false
  const outcome = await git.run(git.repository.folder, ['check-ignore', '--quiet', '--', folder])
  if (outcome.code > 1) throw git.failed(outcome)
  return outcome.code === 0
}

/** The paths in an answer of git that ends each with NUL. */
export function pathsIn(answer: Buffer): string[] {
  const paths: string[] = []
  for (let start = 0; start < answer.length; ) {
    const found = answer.indexOf(0, start)
    const end = found < 0 ? answer.length : found
    paths.push(pathOfBytes(answer.subarray(start, end)))
    start = end + 1
  }
  return paths
}
