import '../node-version.ts'
import { CommanderError } from 'commander'
import { type Environment, readEnvironment } from '../config.ts'
import { errorBody, GroveError, isGroveError } from '../core/errors.ts'
import { systemClock } from '../runtime/clock.ts'
import type { Context } from './context.ts'
import { printable } from './output/format.ts'
import { explain } from './output/hints.ts'
import { note, type Output, printJson, processOutput } from './output/output.ts'
import { createProgram } from './program.ts'

/** The entry point of `grove`. Runs a command; an error becomes one line and an exit code. */
async function main(): Promise<void> {
  const output = processOutput()
  const env = readEnvironment()
  const signal = AbortSignal.any([interruption(), desertion(env), output.unread])
  const context: Context = { env, output, clock: systemClock, signal }
  const letGo = holdProcess()
  try {
    await createProgram(context).parseAsync()
  } catch (error) {
    process.exitCode = report(error, context)
  } finally {
    letGo()
  }
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

/** Aborts at the first SIGINT or SIGTERM; the second ends the process at once. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130)
      controller.abort()
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
    else controller.abort()
  }
  if (event === 'npx' && script?.includes('grove') === true) look()
  return controller.signal
}

/** Reports an error and gives its exit code, from the error table. */
function report(error: unknown, { output, signal }: Context): number {
  if (output.unread.aborted) return 0
  if (error instanceof CommanderError) return reportUsage(error, output)
  const aborted = signal.aborted && !(isGroveError(error) && error.code !== 'aborted')
  if (aborted) return fail(output, new GroveError('aborted', {}, { message: 'interrupted' }))
  if (isGroveError(error)) return fail(output, error)
  note(output, `grove: a fault of its own: ${error instanceof Error ? error.stack : String(error)}`)
  return 1
}

function reportUsage(error: CommanderError, output: Output): number {
  if (error.exitCode === 0 || error.code === 'commander.help') return error.exitCode === 0 ? 0 : 2
  const help = '`grove --help` and `grove <command> --help` list commands and options'
  const message = `${error.message.replace(/^error: /, '')}; ${help}`
  return fail(output, new GroveError('usage-error', {}, { message }))
}

/** One line on stderr; with --json also the body that a server would answer, on stdout. */
function fail(output: Output, error: GroveError): number {
  note(output, `grove: ${printable(explain(error))}`)
  if (process.argv.includes('--json')) printJson(output, errorBody(error))
  return error.kind.exit
}

await main()
