import { type ErrorDetails, errorBody, isGroveError } from '../../core/errors.ts'
import { COMING_HEADER } from '../../core/wire/leaf.ts'
import { GROVE_CHALLENGE } from '../../signing/http-signature.ts'
import { PIECE_MIN_BYTES } from '../operations/operation.ts'

/** The answer to a request, before it goes to a socket. */
export interface ApiResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** HEAD may get the same body as GET; whoever sends the response leaves it out. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
  /** The body may pause for as long as it likes, as a stream of events does. */
  readonly mayPause?: true
  /** The body's chunks may change once the next one is asked for. */
  readonly isLent?: true
  /** What a log names beside the request: what was published, or why it was refused. */
  readonly subject?: Readonly<Record<string, unknown>>
}

export interface TextResponse extends ApiResponse {
  readonly body: string
}

/**
 * In every response. `grove-protocol` is the version of Grove's extensions to the 0.1 routes; it
 * tells peers that this grove federates.
 */
const COMMON_HEADERS = { 'grove-protocol': '1', 'x-content-type-options': 'nosniff' } as const

export function responseOf(
  status: number,
  headers: Readonly<Record<string, string>>,
  body?: Uint8Array | AsyncIterable<Uint8Array>,
): ApiResponse {
  const all = { ...COMMON_HEADERS, ...headers }
  return body === undefined ? { status, headers: all } : { status, headers: all, body }
}

export function textResponse(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): TextResponse {
  const length = { 'content-length': String(Buffer.byteLength(body)) }
  return { status, headers: { ...COMMON_HEADERS, ...headers, ...length }, body }
}

export function jsonResponse(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): TextResponse {
  const type = { 'content-type': 'application/json' }
  return textResponse(status, JSON.stringify(value), { ...type, ...headers })
}

/** JSON that is made while it is sent. A short one is made at once. */
export async function piecewiseResponse(
  source: AsyncIterable<Uint8Array>,
  headers: Readonly<Record<string, string>>,
): Promise<ApiResponse> {
  const all = { 'content-type': 'application/json', ...headers }
  const pieces = gathered(source)
  const begun: Uint8Array[] = []
  for (let bytes = 0; bytes < PIECE_MIN_BYTES; ) {
    const { value: piece, done } = await pieces.next()
    if (done === true)
      return responseOf(200, { ...all, 'content-length': String(bytes) }, Buffer.concat(begun))
    begun.push(piece)
    bytes += piece.byteLength
  }
  return responseOf(200, all, resumed(begun, pieces))
}

/** Joins small pieces. Large ones are not copied. */
async function* gathered(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  let pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of source) {
    const isLarge = piece.byteLength >= PIECE_MIN_BYTES
    if (isLarge || bytes >= PIECE_MIN_BYTES) {
      yield Buffer.concat(pieces)
      pieces = []
      bytes = 0
    }
    if (isLarge) yield piece
    else {
      pieces.push(piece)
      bytes += piece.byteLength
    }
  }
  yield Buffer.concat(pieces)
}

async function* resumed(
  begun: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* begun
    yield* rest
  } finally {
    await rest.return(undefined)
  }
}

/** An error as every route answers it. Anything but a GroveError is the server's own fault: 500. */
export function errorResponse(error: unknown): TextResponse {
  const status = isGroveError(error) ? error.kind.status : 500
  return jsonResponse(status, errorBody(error), headersOf(error))
}

/** A caller whose signature can't be taken is told what this grove is, and signs again. */
function unauthorizedHeaders({ challenge }: ErrorDetails): Readonly<Record<string, string>> {
  const head = { 'www-authenticate': 'Bearer realm="grove"' }
  return typeof challenge === 'string' ? { ...head, [GROVE_CHALLENGE]: challenge } : head
}

/**
 * Headers that RFC 9110 has for some statuses: §11.6.1, §15.5.6, §15.5.16, §15.5.17, §10.2.3.
 */
function headersOf(error: unknown): Readonly<Record<string, string>> {
  if (!isGroveError(error)) return {}
  const { code, details, kind } = error
  if (code === 'unauthorized') return unauthorizedHeaders(details)
  if (code === 'method-not-allowed') return { allow: String(details.allow) }
  if (code === 'encoding-unsupported') return { 'accept-encoding': 'identity' }
  if (code === 'range-invalid') return { 'content-range': `bytes */${details.sizeBytes}` }
  if (kind.status !== 429 && kind.status !== 503) return {}
  const coming = details['coming'] === true ? { [COMING_HEADER]: '1' } : {}
  return { 'retry-after': String(details['retryAfter'] ?? 1), ...coming }
}
