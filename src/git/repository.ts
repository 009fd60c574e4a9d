import { lstat, realpath } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { errnoOf } from '../core/errno.ts'
import { readPlainFile } from '../disk/plain-file.ts'

/** Bytes of the files with one line that git keeps. */
export const LINE_MAX_BYTES = 64 * 1024

/** A git repository on disk, found without git: git would read its configuration. */
export interface Repository {
  /** The work tree: the folder that has the `.git`. */
  readonly folder: string
  /** What belongs to this work tree: its `HEAD` and `index`. */
  readonly gitDir: string
  /** What all work trees share: objects, references, configuration. */
  readonly commonDir: string
  /**
   * Whether the repository itself names this work tree. Where it doesn't, its configuration must,
   * as that of a submodule does: else whoever made the folder could point it at any repository.
   */
  readonly isMutual: boolean
}

/** The nearest repository with a `.git` in a folder or above; bare ones are not looked for. */
export async function findRepository(start: string): Promise<Repository | undefined> {
  for (let folder = await realpath(start); ; folder = dirname(folder)) {
    const found = await repositoryIn(folder)
    if (found !== undefined) return found
    if (folder === dirname(folder)) return undefined
  }
}

async function repositoryIn(folder: string): Promise<Repository | undefined> {
  const path = join(folder, '.git')
  const info = await orUndefined(lstat(path))
  if (info === undefined) return undefined
  const gitDir = info.isFile() ? await namedBy(path) : await orUndefined(realpath(path))
  if (gitDir === undefined || !(await isHead(join(gitDir, 'HEAD')))) return undefined
  const shared = await lineOf(join(gitDir, 'commondir'))
  const commonDir = shared === undefined ? gitDir : resolve(gitDir, shared)
  if (!(await isThere(join(commonDir, 'objects')))) return undefined
  const isMutual =
    shared === undefined ? info.isDirectory() : await isWorkTreeOf(path, gitDir, commonDir)
  return { folder, gitDir, commonDir, isMutual }
}

/** The directory that a `.git` file names. */
async function namedBy(path: string): Promise<string | undefined> {
  const [, named] = /^gitdir: (.+)$/.exec((await lineOf(path)) ?? '') ?? []
  return named === undefined ? undefined : orUndefined(realpath(resolve(dirname(path), named)))
}

/** Whether a linked work tree is registered in the repository that it names. */
async function isWorkTreeOf(path: string, gitDir: string, commonDir: string): Promise<boolean> {
  const home = await orUndefined(realpath(join(commonDir, 'worktrees')))
  const back = await lineOf(join(gitDir, 'gitdir'))
  if (home === undefined || back === undefined || dirname(gitDir) !== home) return false
  const named = resolve(gitDir, back)
  return (await orUndefined(realpath(dirname(named)))) === dirname(path)
}

/** Whether a path is below a folder, or the folder itself. Both must be resolved. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === path
}

/** The first line of a short file; undefined if there is none. */
async function lineOf(path: string): Promise<string | undefined> {
  const bytes = await orUndefined(readPlainFile(path, LINE_MAX_BYTES))
  return bytes?.toString('utf8').split(/\r?\n/, 1)[0]
}

/** A `HEAD` is a file, and was a symbolic link to a reference before git 1.0. */
async function isHead(path: string): Promise<boolean> {
  const info = await orUndefined(lstat(path))
  return info !== undefined && (info.isFile() || info.isSymbolicLink())
}

async function isThere(path: string): Promise<boolean> {
  return (await orUndefined(lstat(path))) !== undefined
}

/** Nothing is there, or nothing can be: the last ones are of paths that no system has. */
const NOTHING = [
  ...['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'EISDIR'],
  ...['ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'],
]

/** What a file system call finds; undefined where there is nothing to be found. */
export async function orUndefined<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking
  } catch (cause) {
    if (NOTHING.includes(errnoOf(cause))) return undefined
    throw cause
  }
}
