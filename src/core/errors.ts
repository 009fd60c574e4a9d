/**
 * Whose doing a failure is where a call to another grove ends with it:
 * - `peer`: it broke the protocol, which nobody else can have done in its place;
 * - `network`: it could not be reached, which may be anybody's doing;
 * - `self`: this grove's own disk, shutdown or bug. No other peer and no other item fares better;
 * - `none`: nobody's. A peer that says no has answered.
 */
export type Blame = 'peer' | 'network' | 'self' | 'none'

/** How one kind of failure shows to each kind of caller. */
interface ErrorKind {
  /** HTTP status of the answer. */
  readonly status: number
  /** Exit code of the command line. */
  readonly exit: number
  /** The same call may succeed later, unchanged. */
  readonly retryable: boolean
  readonly blame: Blame
  /** What was asked for can't be had from anybody, now or later: asking again is in vain. */
  readonly permanent: boolean
  /**
   * Code on the wire where Grove 0.1 has a name for it; otherwise the key itself. The key then
   * travels as `details.reason`.
   */
  readonly wire?: string
}

const usage = { exit: 2, retryable: false, blame: 'none', permanent: true } as const
const absent = { exit: 3, retryable: false, blame: 'none', permanent: false } as const
const denied = { exit: 4, retryable: false, blame: 'none', permanent: false } as const
const peerFault = { exit: 5, retryable: true, blame: 'peer', permanent: false } as const
const unavailable = { exit: 6, retryable: true, blame: 'none', permanent: false } as const
const storage = { exit: 7, retryable: true, blame: 'self', permanent: false } as const
const conflict = { exit: 8, retryable: false, blame: 'none', permanent: false } as const
/**
 * The hash was right and the form is wrong: who sent it is at fault, and nobody has a better one.
 */
const malformed = { ...usage, blame: 'peer', status: 400, wire: 'VALIDATION_ERROR' } as const

/**
 * The one table of failures. Exit codes: 1 a fault of ours, 2 bad input, 3 absent, 4 refused,
 * 5 a peer's fault, 6 unavailable or too slow, 7 storage, 8 conflict.
 */
export const errorTable = {
  'validation-error': { ...usage, status: 400, wire: 'VALIDATION_ERROR' },
  'cid-invalid': { ...usage, status: 400, wire: 'VALIDATION_ERROR' },
  'cid-ambiguous': { ...usage, status: 400, wire: 'VALIDATION_ERROR' },
  'manifest-invalid': malformed,
  'manifest-unknown-field': malformed,
  'manifest-not-canonical': malformed,
  // Its hash was never looked at: another peer may have the right one.
  'manifest-too-large': { ...usage, status: 413, blame: 'peer', permanent: false },
  'artifact-missing': { ...usage, status: 400, permanent: false, wire: 'VALIDATION_ERROR' },
  'hash-mismatch': { ...usage, status: 400, permanent: false },
  'body-too-large': { ...usage, status: 413 },
  // Too large for whoever says so, and now: another limit may let it pass.
  'too-large': { ...usage, status: 413, permanent: false },
  'range-invalid': { ...usage, status: 416, permanent: false },
  'usage-error': { ...usage, status: 400 },
  'method-not-allowed': { ...usage, status: 405 },
  'not-found': { ...absent, status: 404, wire: 'NOT_FOUND' },
  'blob-missing': { ...absent, status: 404, wire: 'NOT_FOUND' },
  'relation-target-missing': { ...absent, status: 404, wire: 'NOT_FOUND' },
  absent: { ...absent, status: 404 },
  gone: { ...absent, status: 410 },
  refused: { ...denied, status: 403 },
  'address-refused': { ...denied, status: 403, blame: 'network' },
  unwanted: { ...denied, status: 403 },
  'read-only': { ...denied, status: 403, blame: 'self' },
  'peer-fault': { ...peerFault, status: 502 },
  'fetch-incomplete': { ...peerFault, status: 502, blame: 'network' },
  'fetch-bad-bytes': { ...peerFault, status: 502 },
  'peer-unreachable': { ...unavailable, status: 502, blame: 'network' },
  'peer-too-slow': { ...unavailable, status: 504, blame: 'peer' },
  'fetch-timeout': { ...unavailable, status: 504 },
  'server-unreachable': { ...unavailable, status: 503 },
  busy: { ...unavailable, status: 429 },
  'shutting-down': { ...unavailable, status: 503, blame: 'self' },
  aborted: { ...unavailable, status: 499 },
  'storage-full': { ...storage, status: 507 },
  'storage-failed': { ...storage, status: 500 },
  'storage-newer': { ...storage, status: 500, retryable: false },
  'storage-locked': { ...storage, status: 503 },
  'port-taken': { ...storage, status: 503 },
  'directory-not-empty': { ...conflict, status: 409 },
  'already-exists': { ...conflict, status: 409, wire: 'STATE_CONFLICT' },
  'internal-error': {
    exit: 1,
    retryable: false,
    blame: 'self',
    permanent: false,
    status: 500,
    wire: 'INTERNAL_ERROR',
  },
} as const satisfies Record<string, ErrorKind>

/** A stable name of one kind of failure. Tests and callers match it, never the message. */
export type ErrorCode = keyof typeof errorTable

/** What happened, to which object: plain JSON that may travel to the caller. */
export type ErrorDetails = Readonly<Record<string, unknown>>

interface GroveErrorOptions {
  readonly message?: string
  readonly cause?: unknown
}

/** The only error Grove throws on purpose. */
export class GroveError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, details: ErrorDetails = {}, options: GroveErrorOptions = {}) {
    super(
      options.message ?? describe(code, details),
      options.cause === undefined ? {} : { cause: options.cause },
    )
    this.name = 'GroveError'
    this.code = code
    this.details = details
  }

  get kind(): ErrorKind {
    return errorTable[this.code]
  }
}

/** Whether an unknown thrown thing is a GroveError, of that code if one is given. */
export function isGroveError(error: unknown, code?: ErrorCode): error is GroveError {
  return error instanceof GroveError && (code === undefined || error.code === code)
}

/** The JSON body of an error answer (Grove 0.1's shape). */
export interface ErrorBody {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly details: ErrorDetails
  }
}

/** What a caller over the wire is told. An error that is not ours says nothing of its insides. */
export function errorBody(error: unknown): ErrorBody {
  if (!isGroveError(error))
    return errorBody(new GroveError('internal-error', {}, { message: 'internal error' }))
  const wire = error.kind.wire
  const details = wire === undefined ? error.details : { ...error.details, reason: error.code }
  return { error: { code: wire ?? error.code, message: error.message, details } }
}

/**
 * The error that a peer's or server's error body stands for; undefined where the body is not one.
 */
export function errorFromBody(body: unknown): GroveError | undefined {
  const error = (body as Partial<ErrorBody> | null)?.error
  if (typeof error !== 'object' || error === null || typeof error.code !== 'string')
    return undefined
  const { reason, ...details } = (typeof error.details === 'object' ? error.details : {}) as Record<
    string,
    unknown
  >
  const code = [reason, error.code, codeOfWire(error.code)].find(isErrorCode) ?? 'internal-error'
  return new GroveError(code, details, { message: String(error.message) })
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorTable, code)
}

function codeOfWire(wire: string): ErrorCode | undefined {
  const kinds: [string, ErrorKind][] = Object.entries(errorTable)
  return kinds.find(([, kind]) => kind.wire === wire)?.[0] as ErrorCode | undefined
}

function describe(code: ErrorCode, details: ErrorDetails): string {
  const said = Object.entries(details)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([key, value]) => `${key} ${value}`)
  return said.length === 0 ? code : `${code}: ${said.join(', ')}`
}
