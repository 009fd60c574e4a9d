import type { Cid } from '../../core/cid.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { FetchContext } from '../context.ts'

/** The caller's signal, and the grove's closing. */
export function untilClosing(
  node: Pick<FetchContext, 'closing'>,
  signal: AbortSignal | undefined,
): AbortSignal {
  return signal === undefined ? node.closing : AbortSignal.any([signal, node.closing])
}

/** Runs the task with a signal that also aborts after so long. Throws `fetch-timeout` then. */
export async function withDeadline<T>(
  node: FetchContext,
  { cid, timeoutMs, signal }: { cid: Cid; timeoutMs: number; signal: AbortSignal },
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController()
  const cancel = node.clock.after(timeoutMs, () => {
    const message = `${cid} was not here after ${timeoutMs} ms`
    deadline.abort(new GroveError('fetch-timeout', { cid, timeoutMs }, { message }))
  })
  try {
    return await task(AbortSignal.any([signal, deadline.signal]))
  } catch (error) {
    if (deadline.signal.aborted && !signal.aborted) throw deadline.signal.reason
    throw error
  } finally {
    cancel()
  }
}

/** An abort that gives no reason of its own, as a typed error. */
export function stopped(node: FetchContext, error: unknown): unknown {
  if (isGroveError(error) || !(error instanceof Error) || error.name !== 'AbortError') return error
  return new GroveError(node.closing.aborted ? 'shutting-down' : 'aborted', {}, { cause: error })
}
