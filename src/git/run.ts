import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'

/** The longest output of git that is kept in memory. */
const GIT_OUTPUT_MAX_BYTES = 64 * 1024 * 1024

/** The variables of an environment. */
export type Variables = Readonly<Record<string, string | undefined>>

/** Where git runs. */
export interface GitPlace {
  /** A folder of ours: Windows would start a `git.exe` that lies in it. */
  readonly cwd: string
  readonly env: Variables
  readonly signal?: AbortSignal | undefined
}

/** The outcome of a call of git. */
export interface GitOutcome {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/**
 * The environment of our calls of git: the user's, without what tells git where and how to work.
 * No call reaches the network, asks a question or writes into the repository.
 */
export function gitEnvironment(env: Variables): Variables {
  const own = Object.entries(env).filter(([name]) => !/^GIT_/i.test(name))
  return {
    ...Object.fromEntries(own),
    GIT_ALLOW_PROTOCOL: '',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  }
}

/** Runs git to its end. Throws `usage-error` if git is absent or prints too much. */
export async function runGit(place: GitPlace, args: readonly string[]): Promise<GitOutcome> {
  const child = startGit(place, args)
  const errors = textOf(child.stderr)
  const stdout: Buffer[] = []
  let bytes = 0
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    stdout.push(chunk)
    if (bytes > GIT_OUTPUT_MAX_BYTES) {
      child.kill()
      throw usage('git printed more than 64 MiB: name a smaller tree')
    }
  }
  const code = await child.ended
  return { code, stdout: Buffer.concat(stdout), stderr: await errors }
}

/** The output of a call of git that must succeed. Throws `usage-error` with git's message. */
export async function gitOutput(place: GitPlace, args: readonly string[]): Promise<Buffer> {
  const outcome = await runGit(place, args)
  if (outcome.code !== 0) throw gitFailed(outcome)
  return outcome.stdout
}

/** A process of git, with the promise of its exit code, which throws `usage-error`. */
export type GitProcess = ChildProcessByStdio<null, Readable, Readable> & {
  readonly ended: Promise<number>
}

/** Starts git without input. Throws, by `ended`, `usage-error` if it is absent, and `aborted`. */
export function startGit({ cwd, env, signal }: GitPlace, args: readonly string[]): GitProcess {
  signal?.throwIfAborted()
  const child = spawn('git', ['--no-pager', ...args], {
    cwd,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal && { signal }),
  })
  return Object.assign(child, { ended: endOf(child, signal) })
}

/** The exit code of a process of git. */
export function endOf(child: ChildProcess, signal?: AbortSignal): Promise<number> {
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', (cause) => reject(signal?.aborted === true ? cause : noGit(cause)))
    child.on('close', (code) => resolve(code ?? 128))
  })
  // It is awaited after the output, which may fail before.
  ended.catch(() => {})
  return ended
}

async function textOf(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>)
    if (text.length < 64 * 1024) text += chunk
  return text
}

/** Whether an error says that git is not installed. */
export function isNoGit(error: unknown): boolean {
  return error instanceof GroveError && error.details.noGit === true
}

function noGit(cause: Error): GroveError {
  if (errnoOf(cause) !== 'ENOENT') return usage(`git does not run: ${cause.message}`, cause)
  const message = 'git is not installed: install it, or contribute the files themselves'
  return new GroveError('usage-error', { noGit: true }, { cause, message })
}

/** What completes a repository whose objects lie elsewhere. */
export const COMPLETE_BORROWER =
  'objects that it borrows from another repository are not read: `git repack -a -d` copies them'
/** What completes a partial clone. */
export const COMPLETE_PARTIAL =
  'objects that a partial clone lacks are not asked for: `git fetch --refetch` brings them'

/** The error of a call that failed, in git's words, and what the user can do about it. */
export function gitFailed(
  { stderr, code }: Pick<GitOutcome, 'stderr' | 'code'>,
  hint?: string,
): GroveError {
  const said =
    stderr.split('\n').find((line) => /^(?:fatal|error): /.test(line)) ?? `git ended with ${code}`
  const message = said.replace(/^(?:fatal|error): /, 'git: ')
  const advice = UNKNOWN_REVISION.test(said) ? NAME_ANOTHER : hint
  return usage(advice === undefined ? message : `${message}; ${advice}`)
}

/** How git says that there is no such revision. */
const UNKNOWN_REVISION = /not a valid object name|unknown revision|bad revision/i
const NAME_ANOTHER = '`git log` and `git branch --all` show the revisions that there are'

function usage(message: string, cause?: unknown): GroveError {
  return new GroveError('usage-error', {}, { message, cause })
}
