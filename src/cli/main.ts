import '../node-version.ts'
import { isatty } from 'node:tty'
import { type Command, CommanderError } from 'commander'
import { type Environment, readEnvironment } from '../config/environment.ts'
import { errorBody, GroveError, isGroveError } from '../core/errors.ts'
import { systemClock } from '../runtime/clock.ts'
import type { Context } from './context.ts'
import { printable } from './output/format.ts'
import { explain } from './output/hints.ts'
import { note, type Output, printJson, processOutput, unreadExit } from './output/output.ts'
import { checkHelp, usageText } from './output/usage.ts'
import { createProgram } from './program.ts'

/** The entry point of `grove`. Runs a command; an error becomes one line and an exit code. */
async function main(): Promise<void> {
  const output = processOutput()
  const env = readEnvironment()
  const interrupted = AbortSignal.any([interruption(), desertion(env)])
  const signal = AbortSignal.any([interrupted, output.unread])
  const exit = (code: number): void => {
    process.exitCode = code
  }
  const context: Context = { env, output, clock: systemClock, interrupted, signal, exit }
  process.once('exit', () => {
    process.exitCode ??= unreadExit(output)
  })
  const letGo = holdProcess()
  const program = createProgram(context)
  try {
    checkHelp(program, process.argv.slice(2))
    await program.parseAsync()
  } catch (error) {
    // A 0 is left open: whether stdout took the answer is known at the end only.
    process.exitCode = report(error, context, program) || undefined
  } finally {
    letGo()
    endWithoutReader(output)
  }
}

/** How long a command that is done waits for whoever reads its notes, or its log. */
const READER_WAIT_MS = 1_000

/** Ends the process although nobody reads its stderr. Whoever reads its answer is waited for. */
function endWithoutReader(output: Output): void {
  systemClock.after(READER_WAIT_MS, () => {
    if (output.answer.writableLength > 0) endWithoutReader(output)
    else process.exit()
  })
}

/**
 * Keeps the process alive until the returned function is called. A command may wait for timers of
 * the clock, and those don't keep it alive.
 */
function holdProcess(): () => void {
  const { port1 } = new MessageChannel()
  port1.ref()
  return () => port1.close()
}

/** What a shell shows for a command that a signal has ended: 128 and the signal's number. */
const SIGNAL_EXITS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** Why a command was interrupted, as the reason of its signal. */
class Interrupted extends Error {
  readonly exitCode: number

  constructor(name: keyof typeof SIGNAL_EXITS) {
    super(`interrupted by ${name}`)
    this.name = 'AbortError'
    this.exitCode = SIGNAL_EXITS[name]
  }
}

/**
 * Aborts at the first SIGHUP, SIGINT or SIGTERM; the second ends the process at once. SIGHUP says
 * that the terminal is gone, so a process that uses none goes on: Node forgets that `nohup` told it
 * to ignore the signal.
 */
function interruption(): AbortSignal {
  const controller = new AbortController()
  const usesTerminal = [0, 1, 2].some((fd) => isatty(fd))
  for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (name === 'SIGHUP' && !usesTerminal) return
      if (controller.signal.aborted) process.exit(SIGNAL_EXITS[name])
      controller.abort(new Interrupted(name))
    })
  }
  return controller.signal
}

/** How often a process that npx started checks whether npx is still there. */
const PARENT_CHECK_MS = 250

/**
 * Aborts when the npx that started this process has ended. A signal to npx ends npx and the shell
 * between them but never gets here: without this, a stopped `npx grove serve` would go on serving.
 */
function desertion({
  npm_lifecycle_event: event,
  npm_lifecycle_script: script,
}: Environment): AbortSignal {
  const controller = new AbortController()
  const parent = process.ppid
  const look = (): void => {
    if (process.ppid === parent) systemClock.after(PARENT_CHECK_MS, look)
    else controller.abort(new Interrupted('SIGTERM'))
  }
  if (event === 'npx' && script?.includes('grove') === true) look()
  return controller.signal
}

/** Reports an error and gives its exit code, from the error table. */
function report(error: unknown, { output, signal }: Context, program: Command): number {
  if (output.unread.aborted) return unreadExit(output)
  if (error instanceof CommanderError) return reportUsage(error, output, program)
  const aborted = signal.aborted && !(isGroveError(error) && error.code !== 'aborted')
  if (aborted && signal.reason instanceof Interrupted) {
    note(output, 'grove: interrupted')
    return signal.reason.exitCode
  }
  if (isGroveError(error)) return fail(output, error)
  note(output, `grove: a fault of its own: ${error instanceof Error ? error.stack : String(error)}`)
  return 1
}

function reportUsage(error: CommanderError, output: Output, program: Command): number {
  if (error.exitCode === 0 || error.code === 'commander.help') return error.exitCode === 0 ? 0 : 2
  const message = usageText(error, program, process.argv.slice(2))
  return fail(output, new GroveError('usage-error', {}, { message }))
}

/** One line on stderr; with --json also the body that a server would answer, on stdout. */
function fail(output: Output, error: GroveError): number {
  note(output, `grove: ${printable(explain(error))}`)
  if (process.argv.includes('--json')) printJson(output, errorBody(error))
  return error.kind.exit
}

await main()
