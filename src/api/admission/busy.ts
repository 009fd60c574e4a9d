import { GroveError } from '../../core/errors.ts'

/** A `busy` that says when to come again. */
export const busyFor = (waitMs: number, message: string): GroveError =>
  new GroveError('busy', { retryAfter: Math.max(1, Math.ceil(waitMs / 1_000)) }, { message })
