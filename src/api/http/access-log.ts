import { Bucket } from '../../concurrency/bucket.ts'
import { errorTable } from '../../core/errors.ts'
import { withoutTokens } from '../../core/identity/token.ts'
import type { Log } from '../../ports/log.ts'
import { GROVE_CHALLENGE, SIGNATURE_INPUT } from '../../signing/http-signature.ts'
import type { Answered } from '../answer/answerer.ts'
import type { ApiRequest } from '../answer/request.ts'

/**
 * What machines ask all the time, of every grove: logged at `debug`, so that it hides nothing. So
 * is whatever a grove asks by its signature.
 */
const CHATTER: ReadonlySet<string> = new Set([
  'health',
  'ready',
  'metrics',
  'exchange',
  'shuffle',
  'holder',
])
const TARGET_MAX_CHARS = 300

/** How a request went. */
export interface RequestOutcome extends Answered {
  /** The address of the caller; undefined if it has hung up already. */
  readonly from: string | undefined
  readonly ms: number
  /** The response was cut off while it was sent. */
  readonly isCut: boolean
}

/**
 * Requests that are refused, or have no route, that are logged at once; then one in REFUSAL_MS:
 * strangers fill no disk.
 */
const REFUSALS_MAX = 20
/** How often one more refused request is logged. */
const REFUSAL_MS = 3_000
const REFUSED: ReadonlySet<number> = new Set([401, 403, 429])

/** The log of a server's requests. */
export class AccessLog {
  readonly #log: Log
  readonly #now: () => number
  readonly #refusals = new Bucket(REFUSALS_MAX, REFUSAL_MS)

  constructor(log: Log, now: () => number) {
    this.#log = log
    this.#now = now
  }

  /** Logs one request: who asked what, what was answered, and how long it took. */
  note(request: ApiRequest, outcome: RequestOutcome): void {
    const { operation, response } = outcome
    const isFailed = response.status >= 400
    // Keys are cheap to make: groves could fill the disk that way as well as strangers.
    const isOfGrove = request.header(SIGNATURE_INPUT) !== undefined
    const isRefused =
      REFUSED.has(response.status) || operation === undefined || (isOfGrove && isFailed)
    // It signs once more, as it is told; what was sent to a foreign address needs the operator.
    const isAskedAgain = / (time|receiver)$/.test(response.headers[GROVE_CHALLENGE] ?? '')
    const isChatter =
      isAskedAgain ||
      ((isOfGrove || (operation !== undefined && CHATTER.has(operation))) && !isFailed)
    const isQuiet = isChatter || (isRefused && !this.#refusals.tryTake(this.#now()))
    const isFull = response.status === errorTable['storage-full'].status
    const level = isFull ? 'warn' : isQuiet ? 'debug' : 'info'
    this.#log[level]('request', fieldsOf(request, outcome))
  }
}

function fieldsOf(request: ApiRequest, outcome: RequestOutcome) {
  const { response, from, ms, isCut } = outcome
  const { method, path, search } = request
  const target = search === '' ? path : `${path}?${search}`
  return {
    from: from?.replace(/^::ffff:/, ''),
    method,
    // Some give their token where it is read by everybody.
    target: withoutTokens(target).slice(0, TARGET_MAX_CHARS),
    status: response.status,
    ms: Math.round(ms),
    ...(isCut && { cut: true }),
    ...response.subject,
  }
}
