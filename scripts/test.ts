/**
 * Runs the project's tests: the static checks, all at once, then node's test runner over test/**.
 *
 *   npm test                                 everything
 *   npm test -- --only unit                  the tests of test/unit
 *   npm test -- --only static                the static checks, and tests that only read files
 *   npm test -- test/unit/core/cid.test.ts   these files, or all tests of a folder
 *   npm test -- FILE --test-name-pattern=no  passes options with `=` on to node's test runner
 */
import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { provideChromium } from './chromium.ts'

const root = join(import.meta.dirname, '..')
/** Where Node keeps compiled sources. Every process of a test starts in half the time. */
const compiled = join(root, 'node_modules/.cache/compiled')
const bin = (name: string) => join(root, 'node_modules/.bin', name)
const minute = 60_000

/** Tests that only read the project's files. */
const readingOnly = ['test/tidy.test.ts', 'test/unit/docs/docs.test.ts']

interface Check {
  readonly name: string
  readonly command: readonly [string, ...string[]]
}

interface Outcome {
  readonly code: number
  readonly output: string
}

/** The checks that don't run the project. */
function staticChecks(): Check[] {
  return [
    { name: 'format and lint', command: [bin('biome'), 'ci', '--max-diagnostics=50'] },
    { name: 'types', command: [bin('tsc'), '--noEmit', '-p', '.'] },
    { name: 'unused code', command: [bin('knip')] },
    { name: 'lock', command: [process.execPath, 'scripts/complete-lock.ts', '--check'] },
    { name: 'generated files', command: [process.execPath, 'scripts/gen-docs.ts', '--check'] },
  ]
}

/** Runs a command to its end and captures its output. */
function capture([file, ...args]: readonly [string, ...string[]]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (code) =>
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }),
    )
  })
}

/** Runs the static checks and prints the output of those that fail. Returns their names. */
async function runStaticChecks(): Promise<string[]> {
  const failed: string[] = []
  const run = async ({ name, command }: Check) => {
    const { code, output } = await capture(command)
    if (code !== 0) failed.push(name)
    process.stdout.write(code === 0 ? `✔ ${name}\n` : `✖ ${name}\n${output}\n`)
  }
  await Promise.all(staticChecks().map(run))
  return failed
}

/**
 * Runs node's test runner over these files, each of which has to name a folder for what programs
 * remember: in that of the user, nothing may be written. Returns the runner's exit code.
 */
async function runTests(files: readonly string[], options: readonly string[]): Promise<number> {
  const state = mkdtempSync(join(tmpdir(), 'grove-state-'))
  try {
    return await spawnTests(files, options, { XDG_STATE_HOME: state })
  } finally {
    const written = readdirSync(state, { recursive: true })
    if (written.length > 0) failed.push(`a test wrote to the user's state: ${written.join(', ')}`)
    rmSync(state, { recursive: true })
  }
}

function spawnTests(
  files: readonly string[],
  options: readonly string[],
  variables: NodeJS.ProcessEnv,
): Promise<number> {
  const concurrency = Math.min(4, Math.max(2, availableParallelism()))
  const args = [
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${10 * minute}`,
    ...options,
    ...files,
  ]
  const env = { ...process.env, ...variables, NODE_COMPILE_CACHE: compiled }
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit' })
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => child.kill(signal))
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

/** The arguments: files, a folder of test/, and the options of node's runner. */
function readArguments() {
  const { values, positionals, tokens } = parseArgs({
    options: { only: { type: 'string' } },
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const passedOn = tokens.flatMap((token) =>
    token.kind === 'option' && token.name !== 'only' ? [token] : [],
  )
  return {
    only: typeof values.only === 'string' ? values.only : undefined,
    files: positionals,
    options: passedOn.map(({ rawName, value }) =>
      value === undefined ? rawName : `${rawName}=${value}`,
    ),
  }
}

/** The file itself, or the tests below a folder. No test counts as a failure. */
function testsIn(path: string): string[] {
  const tests = path.endsWith('.ts')
    ? globSync(path, { cwd: root })
    : globSync(join(path, '**/*.test.ts'), { cwd: root }).sort()
  if (tests.length === 0) failed.push(`there is no test ${path}`)
  return tests
}

const { only, files, options } = readArguments()
const everything = only === undefined && files.length === 0
const failed = everything || only === 'static' ? await runStaticChecks() : []

const folder = only === undefined ? 'test' : `test/${only}`
const usual = only === 'static' ? readingOnly : [folder]
const chosen = (files.length > 0 ? files : usual).flatMap(testsIn)
if (chosen.some((file) => file.startsWith('test/web/'))) provideChromium()
if (chosen.length > 0) process.exitCode = await runTests(chosen, options)

if (failed.length > 0) {
  process.stderr.write(`failed: ${failed.join(', ')}\n`)
  process.exitCode = 1
}
