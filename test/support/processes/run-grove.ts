import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { cleanEnvironment } from './environment.ts'

const main = join(import.meta.dirname, '../../../src/cli/main.ts')

/** The outcome of a command. */
export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** The main file of another version's command line. */
  readonly version?: string
}

/** Runs `grove` to its end, without the environment variables that configure a grove. */
export async function runGrove(
  args: readonly string[],
  { cwd, env = {}, stdin, version = main }: RunOptions = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [version, ...args], {
    cwd,
    env: cleanEnvironment(env),
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  child.stdin?.end(stdin)
  const code = new Promise<number | null>((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  )
  const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!)])
  return { code: await code, stdout, stderr }
}

/** Runs a command that must succeed, and returns its output. */
export async function groveText(
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await runGrove(args, options)
  assert.equal(code, 0, `grove ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** Runs a command with --json that must succeed, and returns its answer. */
export async function groveJson<T>(args: readonly string[], options: RunOptions = {}): Promise<T> {
  return JSON.parse(await groveText([...args, '--json'], options)) as T
}

/**
 * Runs a command that must fail with this exit code and one line on stderr, and returns the line.
 */
export async function groveFails(
  exit: number,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stderr } = await runGrove(args, options)
  assert.equal(code, exit, `grove ${args.join(' ')}: exit ${code}: ${stderr}`)
  assert.match(stderr, /^grove: [^\n]+\n$/, `not one line: ${JSON.stringify(stderr)}`)
  return stderr.trimEnd()
}
