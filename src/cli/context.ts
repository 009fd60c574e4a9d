import type { Command } from 'commander'
import type { GroveApi } from '../api/client/api.ts'
import { type Cid, cidOfDigits, isCid, parseCidPrefix } from '../core/cid.ts'
import { GroveError, isGroveError } from '../core/errors.ts'
import { type ConnectContext, connect, type Use, type Where } from './connect.ts'
import { printJson } from './output/output.ts'

/** What every command gets. */
export interface Context extends ConnectContext {
  /** Aborts when the user interrupts, whoever reads stdout. */
  readonly interrupted: AbortSignal
  /** Sets the exit code of a command that answers and yet did not do all that was asked. */
  exit(code: number): void
}

/** What commands that work on a grove get in addition. */
export interface CliSession extends Context {
  readonly grove: GroveApi
  /** The grove's URL or directory, to show to people. */
  readonly place: string
  readonly json: boolean
}

/** Options of every command. */
export interface GlobalOptions extends Where {
  readonly json?: boolean
}

/**
 * Runs a command on the grove that its options and the environment name, and closes it afterwards.
 */
export async function withGrove(
  context: Context,
  command: Command,
  work: (session: CliSession) => Promise<void>,
  use?: Use,
): Promise<void> {
  const { json = false, ...where } = command.optsWithGlobals<GlobalOptions>()
  const connection = await connect(where, context, use)
  try {
    await work({ ...context, grove: connection.grove, place: connection.place, json })
  } finally {
    await connection.close()
  }
}

/** Prints the answer: as JSON with --json, otherwise by `render`. */
export function answer(session: CliSession, value: unknown, render: () => void): void {
  if (session.json) printJson(session.output, value)
  else render()
}

/**
 * The whole cid for what the user typed: of a contribution that is known to the grove, else of one
 * that peers advertise, which servers of 0.2 don't look at. Throws `cid-invalid`, `cid-ambiguous`,
 * `not-found`.
 */
export async function cidOf({ grove, signal }: CliSession, text: string): Promise<Cid> {
  const prefix = text.trim().toLowerCase()
  if (isCid(prefix)) return prefix
  const whole = cidOfDigits(prefix)
  if (whole !== undefined) return whole
  try {
    return (await grove.resolveCid({ prefix }, { signal })).cid
  } catch (error) {
    if (!isGroveError(error, 'not-found')) throw error
    const { entries } = await grove.federatedFrontier({}, { signal })
    const digits = parseCidPrefix(prefix)
    const [first, ...others] = new Set(
      entries.map((entry) => entry.cid).filter((cid) => cid.startsWith(digits, 'blake3:'.length)),
    )
    if (first === undefined) throw error
    if (others.length === 0) return first
    throw new GroveError('cid-ambiguous', { cid: prefix, candidates: [first, ...others] })
  }
}

/** The examples below a command's help. */
export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`
}
