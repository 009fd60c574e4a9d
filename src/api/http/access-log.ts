import { errorTable } from '../../core/errors.ts'
import type { Log } from '../../ports/log.ts'
import type { Answered } from '../answer/answerer.ts'
import type { ApiRequest } from '../answer/request.ts'

/** What machines ask all the time, of every grove: logged at `debug`, so that it hides nothing. */
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

/** Logs one request: who asked what, what was answered, and how long it took. */
export function logRequest(log: Log, request: ApiRequest, outcome: RequestOutcome): void {
  const { operation, response, from, ms, isCut } = outcome
  const { method, path, search } = request
  const target = search === '' ? path : `${path}?${search}`
  const fields = {
    from: from?.replace(/^::ffff:/, ''),
    method,
    target: target.slice(0, TARGET_MAX_CHARS),
    status: response.status,
    ms: Math.round(ms),
    ...(isCut && { cut: true }),
    ...response.subject,
  }
  const isChatter = operation !== undefined && CHATTER.has(operation) && response.status < 400
  const isFull = response.status === errorTable['storage-full'].status
  log[isFull ? 'warn' : isChatter ? 'debug' : 'info']('request', fields)
}
