import { spawn } from 'node:child_process'
import type { TreeSource } from '../../api/client/tree-source.ts'
import { errnoOf } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'
import { type Collected, isHidden } from './artifacts.ts'

/** Reads trees and diffs with git, from the repository around the working directory. */

/** The longest output of git that is read. */
const ANSWER_MAX_BYTES = 64 * 1024 * 1024

interface Finished {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** The name of a diff as an artifact. */
const DIFF_ARTIFACT = 'changes.patch'

/** The files of a revision below the working directory. Throws `usage-error` with git's message. */
export async function artifactsOfTree(revision: string): Promise<Collected> {
  const listing = await gitText(['ls-tree', '-r', '-z', '-l', '--end-of-options', revision])
  const files: TreeSource[] = []
  const leftOut: string[] = []
  for (const line of listing.split('\0').filter((each) => each !== '')) {
    const [, mode = '', object = '', size = '', path = ''] =
      /^(\d+) \w+ (\w+) +(\S+)\t(.*)$/s.exec(line) ?? []
    if (isHidden(path)) leftOut.push(`${path} (hidden)`)
    else if (mode === '160000') leftOut.push(`${path} (submodule)`)
    else if (mode === '120000')
      files.push({ path, symlink: await gitText(['cat-file', 'blob', object]) })
    else
      files.push({
        path,
        executable: mode === '100755',
        sizeBytes: Number(size),
        open: () => streamGit(['cat-file', 'blob', object]),
      })
  }
  return { files, leftOut }
}

/** The diff from a revision to the tracked files of the working directory. Throws `usage-error`. */
export async function artifactOfDiff(base: string): Promise<Collected> {
  const differs = await runGit(['diff', '--quiet', '--no-ext-diff', '--end-of-options', base])
  if (differs.code === 0)
    throw usage(`nothing differs from ${base}, so there is no patch to contribute`)
  if (differs.code !== 1) throw gitFailed(differs)
  const open = () =>
    streamGit(['diff', '--binary', '--no-ext-diff', '--no-color', '--end-of-options', base])
  return { files: [{ path: DIFF_ARTIFACT, open }], leftOut: [] }
}

/** A unified diff of two files or directories below `folder`; undefined without git. */
export async function diffFiles(
  folder: string,
  before: string,
  after: string,
): Promise<string | undefined> {
  try {
    const { code, stdout, stderr } = await runGit([
      '-C',
      folder,
      'diff',
      '--no-index',
      '--no-prefix',
      '--no-ext-diff',
      '--no-color',
      '--',
      before,
      after,
    ])
    if (code > 1) throw gitFailed({ code, stdout, stderr })
    return stdout.toString('utf8')
  } catch (error) {
    if (error instanceof GroveError && error.details.noGit === true) return undefined
    throw error
  }
}

async function gitText(args: readonly string[]): Promise<string> {
  const finished = await runGit(args)
  if (finished.code !== 0) throw gitFailed(finished)
  return finished.stdout.toString('utf8')
}

function runGit(args: readonly string[]): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    let bytes = 0
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength
      if (bytes > ANSWER_MAX_BYTES) child.kill()
      else stdout.push(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.on('error', (cause) => reject(noGit(cause)))
    child.on('close', (code) => {
      if (bytes > ANSWER_MAX_BYTES)
        reject(usage('git printed more than 64 MiB: name a smaller tree'))
      else
        resolve({
          code: code ?? 128,
          stdout: Buffer.concat(stdout),
          stderr: Buffer.concat(stderr).toString('utf8'),
        })
    })
  })
}

async function* streamGit(args: readonly string[]): AsyncGenerator<Uint8Array> {
  const child = spawn('git', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', (cause) => reject(noGit(cause)))
    child.on('close', (code) => resolve(code ?? 128))
  })
  ended.catch(() => {})
  try {
    yield* child.stdout
    const code = await ended
    if (code > 1) throw usage(`git ${args[0]} failed (exit code ${code})`)
  } finally {
    child.kill()
  }
}

function noGit(cause: Error): GroveError {
  if (errnoOf(cause) !== 'ENOENT')
    return new GroveError(
      'usage-error',
      {},
      { cause, message: `git does not run: ${cause.message}` },
    )
  return new GroveError(
    'usage-error',
    { noGit: true },
    {
      cause,
      message: 'git is not installed: install it, or contribute the files themselves',
    },
  )
}

function gitFailed({ stderr, code }: Finished): GroveError {
  const said =
    stderr.split('\n').find((line) => line.startsWith('fatal:') || line.startsWith('error:')) ??
    `git ended with ${code}`
  return usage(said.replace(/^(fatal|error): /, 'git: '))
}

function usage(message: string): GroveError {
  return new GroveError('usage-error', {}, { message })
}
