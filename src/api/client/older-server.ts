import { isGroveError } from '../../core/errors.ts'
import type { CallOptions, GroveApi } from './api.ts'

/**
 * Asks a server with members that an older one may not know. Where that refuses the question, it is
 * asked without them: an answer that lacks something is better than none.
 */
export async function orWithoutNewer<T>(ask: (isNewer: boolean) => Promise<T>): Promise<T> {
  try {
    return await ask(true)
  } catch (error) {
    if (!isGroveError(error, 'validation-error')) throw error
    return ask(false)
  }
}

/** What an operation answers; undefined where the server is older than it, and lacks it. */
export async function ifKnown<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (!isGroveError(error, 'not-found')) throw error
    return undefined
  }
}

/** What a grove says of itself, and what background sync refuses there for now. */
export async function statusOf(grove: GroveApi, options: CallOptions) {
  const [info, sync] = await Promise.all([
    grove.grove({}, options),
    ifKnown(grove.syncStatus({}, options)),
  ])
  // Groves up to 0.2 don't say what they refuse.
  const refused = sync?.refused
  return { ...info, ...(refused && { sync: { refused } }) }
}

/** What background sync refuses for now; none where the server doesn't say which. */
export async function refusalsOf(grove: GroveApi, options: CallOptions) {
  return (await ifKnown(grove.refusals({}, options)))?.refusals ?? []
}
