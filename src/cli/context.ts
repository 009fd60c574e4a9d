import type { Command } from 'commander'
import type { GroveApi } from '../api/client/api.ts'
import { type Cid, isCid, parseCidPrefix } from '../core/cid.ts'
import { GroveError, isGroveError } from '../core/errors.ts'
import { type ConnectContext, connect, type Where } from './connect.ts'
import type { Output } from './output/output.ts'
import { printJson } from './output/output.ts'

/** What every command may touch. The signal aborts when the user interrupts, or when nobody reads on. */
export interface Context extends ConnectContext {
  readonly output: Output
}

/** What commands that work on a grove get besides. */
export interface CliSession extends Context {
  readonly grove: GroveApi
  /** How the grove is reached, as shown to people: its URL or its directory. */
  readonly place: string
  readonly json: boolean
}

/** Options that every command knows. */
export interface GlobalOptions extends Where {
  readonly json?: boolean
}

/** Runs a command's work on the grove that its options and the environment mean, and lets go of it afterwards. */
export async function withGrove(
  context: Context,
  command: Command,
  work: (session: CliSession) => Promise<void>,
): Promise<void> {
  const { json = false, ...where } = command.optsWithGlobals<GlobalOptions>()
  const connection = await connect(where, context)
  try {
    await work({ ...context, grove: connection.grove, place: connection.place, json })
  } finally {
    await connection.close()
  }
}

/** Gives the answer: as JSON where that is asked for, otherwise as `render` shows it. */
export function answer(session: CliSession, value: unknown, render: () => void): void {
  if (session.json) printJson(session.output, value)
  else render()
}

/**
 * The whole cid behind what the user typed: of something that is held, else of something that peers advertise.
 * Throws `cid-invalid`, `cid-ambiguous`, `not-found`.
 */
export async function cidOf({ grove, signal }: CliSession, text: string): Promise<Cid> {
  const prefix = text.trim().toLowerCase()
  if (isCid(prefix)) return prefix
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

/** Text below a command's help. */
export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`
}
