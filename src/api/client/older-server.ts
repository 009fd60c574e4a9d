import { isGroveError } from '../../core/errors.ts'

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
