/**
 * The party that an error is charged to when a call to another grove ends with it:
 * - `peer`: the peer broke the protocol, which nobody else can have done in its place;
 * - `network`: the peer could not be reached, whatever the cause;
 * - `self`: this grove's own disk, shutdown or bug. No other peer or item would fare better;
 * - `none`: nobody. A peer that refuses has answered.
 */
export type Blame = 'peer' | 'network' | 'self' | 'none'

/** What one error code means to each kind of caller. */
interface ErrorKind {
  /** Status of the HTTP response. */
  readonly status: number
  /** Exit code of the command line. */
  readonly exit: number
  /** The same call, unchanged, may succeed later. */
  readonly retryable: boolean
  readonly blame: Blame
  /** No peer can ever fulfil the request, so that none is asked again. */
  readonly permanent: boolean
  /**
   * The code on the wire, where Grove 0.1 has a name for it; Grove's own code is then in
   * `details.reason`. Default: Grove's own code.
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
/** The hash is right and the form is wrong: the sender is at fault, and no copy is better. */
const malformed = { ...usage, blame: 'peer', status: 400, wire: 'VALIDATION_ERROR' } as const

/**
 * Every error code. Exit codes: 1 a bug in Grove, 2 bad input, 3 absent, 4 refused, 5 the fault of
 * a peer or an author, 6 unavailable or too slow, 7 storage, 8 conflict.
 */
export const errorTable = {
  'validation-error': { ...usage, status: 400, wire: 'VALIDATION_ERROR' },
  'cid-invalid': { ...usage, status: 400, wire: 'VALIDATION_ERROR' },
  'cid-ambiguous': { ...usage, status: 400, wire: 'VALIDATION_ERROR' },
  'manifest-invalid': malformed,
  'manifest-unknown-field': malformed,
  'manifest-not-canonical': malformed,
  // The hash was not checked: another peer may have the right bytes.
  'manifest-too-large': { ...usage, status: 413, blame: 'peer', permanent: false },
  'artifact-missing': { ...usage, status: 400, permanent: false, wire: 'VALIDATION_ERROR' },
  'hash-mismatch': { ...usage, status: 400, permanent: false },
  'body-too-large': { ...usage, status: 413 },
  // Beyond the limit of the party that says so: another limit may allow it.
  'too-large': { ...usage, status: 413, permanent: false },
  // The body is compressed, or otherwise encoded.
  'encoding-unsupported': { ...usage, status: 415, wire: 'VALIDATION_ERROR' },
  'range-invalid': { ...usage, status: 416, permanent: false },
  'usage-error': { ...usage, status: 400 },
  'method-not-allowed': { ...usage, status: 405 },
  'not-found': { ...absent, status: 404, wire: 'NOT_FOUND' },
  'blob-missing': { ...absent, status: 404, wire: 'NOT_FOUND' },
  'relation-target-missing': { ...absent, status: 404, wire: 'NOT_FOUND' },
  absent: { ...absent, status: 404 },
  gone: { ...absent, status: 410 },
  refused: { ...denied, status: 403 },
  // The caller has not said who it is, or not so that it can be believed.
  unauthorized: { ...denied, status: 401 },
  // The caller is known, and may not do this.
  forbidden: { ...denied, status: 403 },
  'address-refused': { ...denied, status: 403, blame: 'network' },
  unwanted: { ...denied, status: 403 },
  'read-only': { ...denied, status: 403, blame: 'self' },
  'peer-fault': { ...peerFault, status: 502 },
  'fetch-incomplete': { ...peerFault, status: 502, blame: 'network' },
  // The author wrote a pack that can't be read: no copy is better, and no peer is at fault.
  'pack-invalid': { ...peerFault, status: 422, retryable: false, blame: 'none', permanent: true },
  'fetch-bad-bytes': { ...peerFault, status: 502 },
  'peer-unreachable': { ...unavailable, status: 502, blame: 'network' },
  'peer-too-slow': { ...unavailable, status: 504, blame: 'peer' },
  'fetch-timeout': { ...unavailable, status: 504 },
  'server-unreachable': { ...unavailable, status: 503 },
  busy: { ...unavailable, status: 429 },
  'port-taken': { ...unavailable, status: 503, blame: 'self' },
  'shutting-down': { ...unavailable, status: 503, blame: 'self' },
  aborted: { ...unavailable, status: 499 },
  'storage-full': { ...storage, status: 507 },
  'storage-failed': { ...storage, status: 500 },
  // Descriptors, buffers or memory: `ulimit -n` says how many files and sockets may be open.
  'resource-exhausted': { ...storage, status: 503 },
  'storage-newer': { ...storage, status: 500, retryable: false },
  'storage-locked': { ...storage, status: 503 },
  'directory-not-empty': { ...conflict, status: 409 },
  // Scores are meant otherwise than those published here: in the other direction or another unit.
  'metric-conflict': { ...conflict, status: 409 },
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

/** The stable name of one kind of error. Tests and callers match it, never the message. */
export type ErrorCode = keyof typeof errorTable

/** What happened, and to which object: plain JSON, which remote callers may see. */
export type ErrorDetails = Readonly<Record<string, unknown>>

interface GroveErrorOptions {
  readonly message?: string
  readonly cause?: unknown
}

/** The only error that Grove throws on purpose. Without a message, it is made of the details. */
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

/** True if what was thrown is a GroveError, with this code if one is given. */
export function isGroveError(error: unknown, code?: ErrorCode): error is GroveError {
  return error instanceof GroveError && (code === undefined || error.code === code)
}

/** The JSON body of an error response, in the shape of Grove 0.1. */
export interface ErrorBody {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly details: ErrorDetails
  }
}

/** An error as a remote caller sees it. Of other errors than GroveError it reveals nothing. */
export function errorBody(error: unknown): ErrorBody {
  if (!isGroveError(error))
    return errorBody(new GroveError('internal-error', {}, { message: 'internal error' }))
  const wire = error.kind.wire
  const details = wire === undefined ? error.details : { ...error.details, reason: error.code }
  return { error: { code: wire ?? error.code, message: error.message, details } }
}

/**
 * The error in the body of an error response; undefined if the body has another form. An unknown
 * code becomes `internal-error`.
 */
export function errorFromBody(body: unknown): GroveError | undefined {
  const error = (body as Partial<ErrorBody> | null)?.error
  if (typeof error !== 'object' || error === null || typeof error.code !== 'string')
    return undefined
  const { reason, ...details } = (
    typeof error.details === 'object' ? (error.details ?? {}) : {}
  ) as Record<string, unknown>
  const code = [reason, error.code, codeOfWire(error.code)].find(isErrorCode) ?? 'internal-error'
  const message = typeof error.message === 'string' ? error.message : error.code
  return new GroveError(code, details, { message })
}

/** True if it is the name of a kind of error. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorTable, code)
}

function codeOfWire(wire: string): ErrorCode | undefined {
  const kinds: [string, ErrorKind][] = Object.entries(errorTable)
  return kinds.find(([, kind]) => kind.wire === wire)?.[0] as ErrorCode | undefined
}

function describe(code: ErrorCode, details: ErrorDetails): string {
  const shown = Object.entries(details)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([key, value]) => `${key} ${value}`)
  return shown.length === 0 ? code : `${code}: ${shown.join(', ')}`
}
