import type { z } from 'zod'
import { type Cid, isCid } from '../../core/cid.ts'
import type { Agent } from '../../core/contribution/schema.ts'
import type { FileRules } from '../../gather/paths.ts'
import type { Variables } from '../../git/run.ts'
import type { GroveApi } from '../client/api.ts'

/** What a tool works with. */
export interface ToolContext {
  readonly grove: GroveApi
  /** The author of contributions whose call names none. */
  readonly agent: Agent
  /** Which local files may be contributed. */
  readonly files: FileRules
  /** The user's environment, for git. */
  readonly env: Variables
  readonly signal: AbortSignal
}

export interface Tool<I extends z.ZodType = z.ZodType> {
  readonly name: string
  readonly description: string
  readonly input: I
  /** Changes nothing, neither in the grove nor on disk. */
  readonly readOnly: boolean
  /** Its input says how long a list of files is answered. */
  readonly isPaged?: boolean
  run(input: z.output<I>, context: ToolContext): Promise<unknown>
}

/** Declares a tool and keeps the type of its input. */
export function tool<I extends z.ZodType>(definition: Tool<I>): Tool<I> {
  return definition
}

/**
 * The whole cid for one that may be abbreviated. Throws `cid-invalid`, `cid-ambiguous`,
 * `not-found`.
 */
export async function wholeCid({ grove, signal }: ToolContext, text: string): Promise<Cid> {
  if (isCid(text)) return text
  return (await grove.resolveCid({ prefix: text }, { signal })).cid
}
