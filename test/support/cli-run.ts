import { PassThrough } from 'node:stream'
import { createProgram } from '../../src/cli/program.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { systemClock } from '../../src/runtime/clock.ts'

interface CommandRun {
  /** Default: never aborts. */
  readonly signal?: AbortSignal
  /** Stdout and stderr. */
  readonly streams?: readonly [PassThrough, PassThrough]
  /** Default: the system's. */
  readonly clock?: Clock
}

/** A stream that a command takes for a terminal with so many columns. */
export const terminal = (columns = 80): PassThrough =>
  Object.assign(new PassThrough(), { isTTY: true, columns, getColorDepth: () => 1 })

/** Runs a command in this process until it ends or is interrupted. */
export async function runCommand(
  args: readonly string[],
  { signal = new AbortController().signal, streams, clock = systemClock }: CommandRun = {},
): Promise<{ printed: string; noted: string; exit: number }> {
  const [answer, notes] = streams ?? [new PassThrough(), new PassThrough()]
  let exit = 0
  const program = createProgram({
    env: {},
    output: {
      answer: answer as unknown as NodeJS.WriteStream,
      notes: notes as unknown as NodeJS.WriteStream,
      unread: signal,
    },
    clock,
    interrupted: signal,
    signal,
    exit: (code) => {
      exit = code
    },
  })
  await program.parseAsync(['node', 'grove', ...args])
  return { printed: String(answer.read() ?? ''), noted: String(notes.read() ?? ''), exit }
}
