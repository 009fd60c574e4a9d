import { isUtf8 } from 'node:buffer'
import { checkEntries } from '../../core/contribution/scan.ts'
import { GroveError } from '../../core/errors.ts'
import { parseExactJson } from '../../core/exact-json.ts'
import { parseUniqueJson } from '../../core/unique-names.ts'
import type { Breathing } from '../../node/context.ts'
import { digestOf } from '../../signing/http-signature.ts'
import type { ApiRequest } from './request.ts'

export interface BodyLimit {
  readonly maxBytes: number
  /** Error code for a longer body. */
  readonly code: 'body-too-large' | 'manifest-too-large'
  /** Whether the value will be hashed, so that no number may change. */
  readonly isHashed: boolean
  /** What its caller signed of it (RFC 9530). */
  readonly digest?: string | undefined
}

/**
 * A request's body as JSON; an empty body is an empty object. Throws the limit's code,
 * `unauthorized`, `validation-error`, `aborted`.
 */
export async function readJson(
  node: Breathing,
  request: ApiRequest,
  limit: BodyLimit,
): Promise<unknown> {
  const { maxBytes, code, isHashed, digest } = limit
  const body = await request.wholeBody(maxBytes)
  if (body === undefined) throw new GroveError(code, { maxBytes })
  if (digest !== undefined && digest !== digestOf(body))
    throw new GroveError('unauthorized', {}, { message: 'another body was signed' })
  // So that the time of parsing counts, where no turns were waited for.
  if (request.turn === undefined) await node.breathe(true)
  if (body.byteLength > 0) requireJson(request)
  return isHashed ? parseDraft(body) : parseJsonBody(body, parseUniqueJson)
}

/** The JSON of a draft. Throws `manifest-too-large`, `validation-error`. */
export function parseDraft(body: Buffer): unknown {
  checkEntries(body)
  return parseJsonBody(body, parseExactJson)
}

/** Bytes as JSON; no bytes are an empty object. Throws `validation-error`. */
function parseJsonBody(body: Buffer, parse: (text: string) => unknown): unknown {
  if (body.byteLength === 0) return {}
  if (!isUtf8(body))
    throw new GroveError('validation-error', {}, { message: 'the body is not UTF-8' })
  try {
    return parse(body.toString('utf8'))
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new GroveError(
      'validation-error',
      {},
      { cause, message: `the body is not JSON: ${cause.message}` },
    )
  }
}

/**
 * Refuses other content types. A browser lets any web page send text and forms to any address,
 * but JSON only if that address allows it.
 */
function requireJson(request: ApiRequest): void {
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type === 'application/json') return
  throw new GroveError(
    'validation-error',
    { contentType: type ?? '' },
    { message: 'send JSON with the header content-type: application/json' },
  )
}
