import {
  constants,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'
import { readPlainFile } from '../disk/plain-file.ts'
import {
  configuredPath,
  isPartial,
  type RawConfig,
  repositoryConfig,
  shadowConfig,
} from './config.ts'
import {
  findRepository,
  isWithin,
  LINE_MAX_BYTES,
  orUndefined,
  type Repository,
} from './repository.ts'
import {
  COMPLETE_BORROWER,
  COMPLETE_PARTIAL,
  type GitOutcome,
  type GitPlace,
  type GitProcess,
  gitEnvironment,
  gitFailed,
  runGit,
  startGit,
  type Variables,
} from './run.ts'

/** How a repository is read. */
export interface GitOptions {
  /** The user's environment. */
  readonly env: Variables
  readonly signal?: AbortSignal | undefined
}

/**
 * A git directory of ours in place of a repository's own. It has the repository's `HEAD`, a copy
 * of its index, its references and objects, its patterns and attributes, and of its configuration
 * what decides which files differ. The rest of that, and the hooks, can name commands, and whoever
 * made the folder may have written them: so attributes find only the drivers of the user, whose
 * configuration holds like that of the system. Removed when it is disposed of.
 */
export class ShadowGit implements AsyncDisposable {
  readonly repository: Repository
  /** The raw configuration of the repository. Nothing obeys it. */
  readonly config: RawConfig
  /** Our git directory, which may hold files of ours too. */
  readonly dir: string
  readonly #place: GitPlace
  /** Whether objects of the repository lie elsewhere, which is not followed. */
  readonly #isBorrower: boolean

  private constructor(
    repository: Repository,
    config: RawConfig,
    place: GitPlace,
    isBorrower: boolean,
  ) {
    this.repository = repository
    this.config = config
    this.dir = place.cwd
    this.#place = place
    this.#isBorrower = isBorrower
  }

  /**
   * The shadow of the repository around a folder; undefined if there is none. Throws `refused` for
   * a folder that points at a repository that doesn't know it, and `usage-error` without git.
   */
  static async open(start: string, { env, signal }: GitOptions): Promise<ShadowGit | undefined> {
    const repository = await findRepository(start)
    if (repository === undefined) return undefined
    const dir = await mkdtemp(join(tmpdir(), 'grove-git-'))
    try {
      const variables = { ...gitEnvironment(env), GIT_DIR: dir, GIT_WORK_TREE: repository.folder }
      const place = { cwd: dir, env: variables, signal }
      await writeSkeleton(repository, dir)
      const config = await repositoryConfig(place, repository)
      await checkMutual(repository, config)
      const files = await copyNamed(place, repository, config)
      await writeFile(join(dir, 'config'), shadowConfig(config, files))
      const isBorrower = await linkObjects(repository, dir)
      return new ShadowGit(repository, config, place, isBorrower)
    } catch (error) {
      await rm(dir, { recursive: true, force: true })
      throw shadowError(error, repository)
    }
  }

  /** Runs git in a folder of the work tree, to its end. */
  run(folder: string, args: readonly string[], env: Variables = {}): Promise<GitOutcome> {
    return runGit(this.#with(env), ['-C', folder, ...args])
  }

  /** The output of git in a folder of the work tree. Throws `usage-error` with git's message. */
  async output(folder: string, args: readonly string[], env: Variables = {}): Promise<Buffer> {
    const outcome = await this.run(folder, args, env)
    if (outcome.code !== 0) throw this.failed(outcome)
    return outcome.stdout
  }

  /** The error of a call that failed: in git's words, and how to get objects that may lack here. */
  failed(outcome: Pick<GitOutcome, 'stderr' | 'code'>): GroveError {
    if (this.#isBorrower) return gitFailed(outcome, COMPLETE_BORROWER)
    return gitFailed(outcome, isPartial(this.config) ? COMPLETE_PARTIAL : undefined)
  }

  /** Starts git in a folder of the work tree. */
  start(folder: string, args: readonly string[]): GitProcess {
    return startGit(this.#place, ['-C', folder, ...args])
  }

  /** Where git runs for this repository. */
  get place(): GitPlace {
    return this.#place
  }

  #with(env: Variables): GitPlace {
    return { ...this.#place, env: { ...this.#place.env, ...env } }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.dir, { recursive: true, force: true })
  }
}

/** The error where a part of a repository may not be read. */
function shadowError(cause: unknown, { folder }: Repository): unknown {
  if (!['EACCES', 'EPERM'].includes(errnoOf(cause))) return cause
  const { path } = cause as NodeJS.ErrnoException
  const message =
    `the git repository of ${folder} cannot be read (${errnoOf(cause)}: ${path}): ` +
    'make it readable, or contribute the files with --no-ignore'
  return new GroveError('usage-error', { folder }, { cause, message })
}

/** What makes a directory a git directory, with what is this work tree's own. */
async function writeSkeleton({ gitDir, commonDir }: Repository, dir: string): Promise<void> {
  await mkdir(join(dir, 'objects'))
  await mkdir(join(dir, 'info'))
  await writeFile(join(dir, 'HEAD'), await headOf(gitDir))
  await copyIndex(gitDir, dir)
  for (const name of ['packed-refs', 'shallow', 'info/exclude', 'info/attributes'])
    await copyPlain(join(commonDir, name), join(dir, name))
  await symlink(join(commonDir, 'refs'), join(dir, 'refs'), 'junction')
  await symlink(join(gitDir, 'logs'), join(dir, 'logs'), 'junction')
}

/** Copies a file, if there is one: from a pipe nothing would ever come. */
async function copyPlain(from: string, to: string): Promise<boolean> {
  return unlessMissing(async () => {
    const isPlain = (await stat(from)).isFile()
    if (isPlain) await copyFile(from, to, constants.COPYFILE_FICLONE)
    return isPlain
  })
}

async function unlessMissing(work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work()
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(cause))) return false
    throw cause
  }
}

/** The largest file of patterns or attributes that is copied. Git passes over larger ones too. */
const NAMED_MAX_BYTES = 100 * 1024 * 1024

/** Copies a file that may be any of this machine: some of /proc have no end. */
async function copyBounded(from: string, to: string): Promise<boolean> {
  return unlessMissing(async () => {
    const bytes = await readPlainFile(from, NAMED_MAX_BYTES)
    if (bytes !== undefined) await writeFile(to, bytes)
    return bytes !== undefined
  })
}

/** Copies the files of patterns and attributes that a configuration names. By keys in `core`. */
async function copyNamed(
  place: GitPlace,
  { folder }: Repository,
  config: RawConfig,
): Promise<Record<string, string>> {
  const copies: Record<string, string> = {}
  for (const key of ['excludesfile', 'attributesfile']) {
    const value = config.get(`core.${key}`)
    const path = value === undefined ? undefined : await configuredPath(place, value, folder)
    const copy = join(place.cwd, key)
    if (path !== undefined && (await copyBounded(path, copy))) copies[key] = copy
  }
  return copies
}

/** `HEAD` is a file, and was a symbolic link to a reference before git 1.0. */
async function headOf(gitDir: string): Promise<string> {
  const target = await orUndefined(linkTarget(join(gitDir, 'HEAD')))
  if (target !== undefined) return `ref: ${target}\n`
  const text = await readPlainFile(join(gitDir, 'HEAD'), LINE_MAX_BYTES)
  return `${text?.toString('utf8').split('\n', 1)[0]}\n`
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path)
  } catch (cause) {
    if (errnoOf(cause) === 'EINVAL') return undefined
    throw cause
  }
}

/**
 * Copies the index with its parts. Git takes a file for unchanged if its time is before that of
 * the index, so that the copy must not be younger.
 */
async function copyIndex(gitDir: string, dir: string): Promise<void> {
  const names = (await readdir(gitDir)).filter((name) => /^(?:index|sharedindex\.\w+)$/.test(name))
  for (const name of names) {
    const { mtimeMs } = await stat(join(gitDir, name))
    if (!(await copyPlain(join(gitDir, name), join(dir, name)))) continue
    const seconds = Math.max(1, Math.floor(mtimeMs / 1000 - 0.001))
    await utimes(join(dir, name), seconds, seconds)
  }
}

async function checkMutual({ folder, gitDir, isMutual }: Repository, config: RawConfig) {
  if (isMutual) return
  const named = config.get('core.worktree')
  const found =
    named === undefined ? undefined : await orUndefined(realpath(resolve(gitDir, named)))
  if (found === folder) return
  const message =
    `${folder}/.git points at the repository ${gitDir}, which does not know this folder: ` +
    `say so there by \`git config core.worktree ${folder}\`, or contribute the files themselves`
  throw new GroveError('refused', { folder, gitDir }, { message })
}

/**
 * Links the folders of objects one by one: an alternate of ours would have git follow the
 * alternates of the repository, and those, like links among its objects, may lead to objects of
 * any other repository on this machine. What is left out that way is missing to git. True if
 * something is.
 */
async function linkObjects({ commonDir }: Repository, dir: string): Promise<boolean> {
  const objects = await realpath(join(commonDir, 'objects'))
  if (!isWithin(await realpath(commonDir), objects)) return true
  let isBorrower = (await orUndefined(stat(join(objects, 'info/alternates')))) !== undefined
  const entries = await readdir(objects, { withFileTypes: true })
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    if (!/^(?:pack|[0-9a-f]{2})$/.test(name)) continue
    const inside = await readdir(join(objects, name), { withFileTypes: true })
    if (inside.some((entry) => entry.isSymbolicLink())) isBorrower = true
    else await symlink(join(objects, name), join(dir, 'objects', name), 'junction')
  }
  return isBorrower || entries.some((entry) => entry.isSymbolicLink())
}
