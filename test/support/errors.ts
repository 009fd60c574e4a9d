import { type ErrorCode, isGroveError } from '../../src/core/errors.ts'

/** Accepts a GroveError with this code, and with this text in its message if one is given. */
export const withCode =
  (code: ErrorCode, text = '') =>
  (error: unknown): boolean =>
    isGroveError(error, code) && error.message.includes(text)
