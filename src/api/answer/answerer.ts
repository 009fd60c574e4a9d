import { GroveError, isGroveError } from '../../core/errors.ts'
import { isElsewhere } from '../../core/loopback.ts'
import { leafAddress } from '../../core/peers/leaf.ts'
import type { GroveNode } from '../../node/node.ts'
import { neutralError } from '../../node/peers/neutral.ts'
import { type ApiCaller, isFar } from '../admission/access.ts'
import type { Door, Reply } from '../admission/door.ts'
import { allOperations } from '../operations/table.ts'
import { EventPace } from './event-stream.ts'
import { refuseEncoded, refuseOtherNames, refuseOtherSites, refuseTwoHosts } from './guards.ts'
import { type ByteMeter, handlerOf } from './handler.ts'
import type { ApiRequest } from './request.ts'
import { type ApiResponse, errorResponse } from './response.ts'
import { type Handler, Routes } from './routes.ts'

export interface ApiAnswererOptions {
  readonly meter?: ByteMeter
  /**
   * Aborts when the server begins to close: endless streams stop then, and new requests are refused
   * with `shutting-down`. Default: when the grove closes.
   */
  readonly draining?: AbortSignal
  /** Names by which it may be called, besides that of its address. */
  readonly allowHosts?: readonly string[]
  /** Lets callers in. Default: everybody may do everything, as in a simulated network. */
  readonly door?: Entrance
  /** Pages in addition to the operations of the table, by path. */
  readonly pages?: Readonly<Record<string, Handler>>
}

/** A response, and which operation gave it. */
export interface Answered {
  /** Name of the operation or page; undefined if no route matched. */
  readonly operation: string | undefined
  readonly response: ApiResponse
}

/** Refused names that the log tells. */
const REFUSED_TOLD_MAX = 20

/** What lets callers in, and may sign what they are answered. */
type Entrance = Pick<Door, 'admit'> & Partial<Pick<Door, 'permissionOf' | 'seal'>>

/** Anybody comes in; who is on this machine is told more. */
const OPEN: Entrance = {
  admit: (request) => ({ kind: isElsewhere(request) ? 'anybody' : 'local' }),
}

const noMeter: ByteMeter = { received() {}, sent() {} }

/** The code and the message of an error, for the log. */
function refusal(cause: unknown): Readonly<Record<string, unknown>> {
  return isGroveError(cause) ? { code: cause.code, reason: cause.message } : {}
}

/** A grove's HTTP server without its sockets: it takes requests and gives responses. */
export class ApiAnswerer {
  readonly #node: GroveNode
  readonly #routes = new Routes()
  readonly #names: ReadonlySet<string>
  /** Names that were refused, as far as the log tells them. */
  readonly #refused = new Set<string>()
  readonly #draining: AbortSignal
  readonly #door: Entrance

  constructor(node: GroveNode, options: ApiAnswererOptions = {}) {
    const { meter = noMeter, draining = node.closing, pages = {}, allowHosts = [] } = options
    this.#door = options.door ?? OPEN
    this.#node = node
    this.#draining = draining
    const { address, peerId } = node.config.self
    const own = [address, leafAddress(peerId)].map((each) => new URL(each).hostname)
    this.#names = new Set([...own, ...allowHosts].map((name) => name.toLowerCase()))
    const permissionOf = (caller: ApiCaller) => this.#door.permissionOf?.(caller)
    const pace = new EventPace(node.clock, node.events)
    const context = { node, meter, draining, pace, permissionOf }
    for (const operation of allOperations) {
      const { method, path } = operation.http
      this.#routes.add(method, path, handlerOf(operation, context))
    }
    for (const [path, page] of Object.entries(pages)) this.#routes.add('GET', path, page)
  }

  /**
   * Never rejects: an error is a response too. A streamed body may still fail while it is sent.
   * The work begins when `turn` resolves; if that rejects, its reason is the answer.
   */
  async answer(request: ApiRequest, turn?: Promise<void>): Promise<Answered> {
    let operation: string | undefined
    let caller: ApiCaller = { kind: 'anybody' }
    try {
      if (turn !== undefined) await turn
      if (this.#draining.aborted) throw new GroveError('shutting-down')
      refuseTwoHosts(request)
      this.#checkName(request)
      refuseOtherSites(request)
      refuseEncoded(request)
      const { handler, params } = this.#routes.find(request.method, request.path)
      operation = handler.name
      const admitted = this.#door.admit(request, handler.access)
      caller = admitted instanceof Promise ? await admitted : admitted
      const response = await handler.answer(request, params, caller)
      return await this.#answered(operation, { request, caller, response })
    } catch (error) {
      const failure = this.failed(request, error)
      const cause = isFar(caller, request) ? neutralError(failure) : failure
      const response = { ...errorResponse(cause), subject: refusal(cause) }
      return this.#answered(operation, { request, caller, response })
    }
  }

  async #answered(operation: string | undefined, reply: Reply): Promise<Answered> {
    const response = this.#door.seal === undefined ? reply.response : await this.#door.seal(reply)
    return { operation, response }
  }

  /** An operator who didn't list a name must be able to find out why callers are refused. */
  #checkName(request: ApiRequest): void {
    try {
      refuseOtherNames(request, this.#names)
    } catch (error) {
      const host = isGroveError(error) ? String(error.details.host) : ''
      if (this.#refused.size < REFUSED_TOLD_MAX && !this.#refused.has(host)) {
        this.#refused.add(host)
        const remedy = 'if it is a name of this grove: --allow-host, or --public-url'
        this.#node.log.warn('a request by an unknown name is refused', { host, remedy })
      }
      throw error
    }
  }

  /** The cause of a failed request. Logs it if the fault is the grove's own, not the caller's. */
  failed({ method, path, signal }: ApiRequest, error: unknown): unknown {
    const cause = signal.aborted && !isGroveError(error) ? signal.reason : error
    const hasLeft = signal.aborted && !isGroveError(signal.reason, 'shutting-down')
    if (!hasLeft && (!isGroveError(cause) || cause.kind.status === 500)) {
      this.#node.log.error('request failed', { method, path, err: cause })
    }
    return cause
  }
}
