import type { IncomingHttpHeaders } from 'node:http'
import { Agent, buildConnector } from 'undici'
import type { z } from 'zod'
import { type ErrorCode, errorFromBody, GroveError } from '../core/errors.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { Clock } from '../ports/clock.ts'
import { guardedBody, type MinimumRate, type RawBody, readBody } from './body.ts'
import { peerFault, transportError } from './faults.ts'
import { checkHost, checkUrl, type Guard, guardedLookup } from './guard.ts'

/** One HTTP request as it goes out, and the beginning of its answer. */
export interface CarriedRequest {
  readonly origin: string
  readonly path: string
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

export interface CarriedAnswer {
  readonly statusCode: number
  readonly headers: IncomingHttpHeaders
  readonly body: RawBody
}

/** What carries requests: sockets, or a network that only exists in a test. Rejects with undici's errors. */
export interface HttpCarrier {
  request(request: CarriedRequest): Promise<CarriedAnswer>
  destroy(): Promise<void>
}

export interface DiallerOptions extends Guard {
  readonly clock: Clock
  /** Sockets, unless this is given; then the time-outs are its own concern. */
  readonly wire?: HttpCarrier | undefined
  readonly connectTimeoutMs: number
  /** From the request to the whole of the answer's header. */
  readonly headersTimeoutMs: number
  /** Between two pieces of a body. */
  readonly idleTimeoutMs: number
  readonly minimumRate: MinimumRate
}

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** Below the peer's address, with the query. */
  readonly path: string
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes of the answer's body at the most. */
  readonly maxBytes: number
  /** A route that 0.1 servers don't have: `RouteUnknown` is then thrown where the peer doesn't seem to know it. */
  readonly extension?: boolean
  readonly signal?: AbortSignal | undefined
}

/** An answer with a status of 200 to 206. */
export interface PeerAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** From Content-Length; undefined where the peer did not say. */
  readonly lengthBytes: number | undefined
  readonly body: AsyncIterable<Uint8Array>
  /** Lets go of a body that nobody will read. */
  discard(): void
}

/** In every answer of a grove that federates. A 0.1 server has no such header. */
const PROTOCOL_HEADER = 'grove-protocol'
/** Bytes read of an error's body to learn its code. */
const ERROR_BODY_MAX = 16 * 1024
/** Sockets to one peer: the transfers it may be given, gossip, and look-ups. */
const CONNECTIONS_PER_PEER = 32

/** HTTP to other groves: guarded addresses, no redirects, everything bounded. */
export class Dialler {
  readonly #options: DiallerOptions
  readonly #wire: HttpCarrier

  constructor(options: DiallerOptions) {
    this.#options = options
    this.#wire = options.wire ?? socketsOf(options)
  }

  checkAddress(address: string): void {
    checkUrl(address, this.#options)
  }

  /**
   * One request. Throws what the status stands for (`absent`, `gone`, `refused`, `busy`, `too-large`, else `peer-fault`),
   * and `RouteUnknown` where the peer does not know an extension's route at all.
   */
  async ask(peer: PeerAddress, request: Request): Promise<PeerAnswer> {
    const { clock, minimumRate: rate } = this.#options
    const { headers, statusCode: status, body } = await this.#dispatch(peer, request)
    const lengthBytes = lengthOf(headers)
    const bodyLimits = { peer, clock, rate, signal: request.signal }
    if (status < 200 || status > 206) {
      throw await refusal(peer, request, {
        status,
        headers,
        body: guardedBody(body, { ...bodyLimits, maxBytes: ERROR_BODY_MAX }),
      })
    }
    const fault = this.#headerFault(peer, request, headers, lengthBytes)
    if (fault !== undefined) {
      body.destroy()
      throw fault
    }
    const exactBytes = request.method === 'HEAD' ? undefined : lengthBytes
    const guarded = guardedBody(body, { ...bodyLimits, maxBytes: request.maxBytes, exactBytes })
    return { status, headers, lengthBytes, body: guarded, discard: () => void body.destroy() }
  }

  /** The answer's JSON by a schema. Throws `peer-fault` where it is not of that form. */
  async askJson<T extends z.ZodType>(
    peer: PeerAddress,
    request: Request,
    schema: T,
  ): Promise<z.output<T>> {
    const answer = await this.ask(peer, request)
    const result = schema.safeParse(parseJson(peer, await readBody(answer.body)))
    if (result.success) return result.data
    throw peerFault(
      peer,
      'malformed',
      `answered ${request.path} with something else: ${result.error.issues[0]?.message ?? ''}`,
    )
  }

  async close(): Promise<void> {
    await this.#wire.destroy()
  }

  async #dispatch(peer: PeerAddress, { method, path, json, headers, signal }: Request) {
    const url = checkUrl(peer.address, this.#options)
    signal?.throwIfAborted()
    try {
      return await this.#wire.request({
        origin: url.origin,
        path: url.pathname.replace(/\/+$/, '') + path,
        method,
        headers: {
          ...headers,
          'accept-encoding': 'identity',
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (cause) {
      throw transportError(peer, cause, { begun: false, signal })
    }
  }

  #headerFault(
    peer: PeerAddress,
    request: Request,
    headers: IncomingHttpHeaders,
    lengthBytes: number | undefined,
  ): GroveError | undefined {
    if (!['', 'identity'].includes(String(headers['content-encoding'] ?? '')))
      return peerFault(peer, 'encoded', 'encoded its answer, which nobody asked for')
    if (lengthBytes !== undefined && lengthBytes > request.maxBytes)
      return peerFault(
        peer,
        'too-long',
        `promises ${lengthBytes} bytes, ${request.maxBytes} is the most`,
      )
    return undefined
  }
}

/** The peer has no such route: it does not federate. Never leaves the transport. */
export class RouteUnknown extends Error {}

const codes: Readonly<Record<number, ErrorCode>> = {
  401: 'refused',
  403: 'refused',
  404: 'absent',
  410: 'gone',
  413: 'too-large',
  416: 'range-invalid',
  429: 'busy',
  503: 'busy',
}

interface ErrorAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: AsyncIterable<Uint8Array>
}

async function refusal(
  peer: PeerAddress,
  request: Request,
  { status, headers, body }: ErrorAnswer,
): Promise<Error> {
  const said = errorFromBody(jsonOrNothing(await readBody(body).catch(() => Buffer.alloc(0))))
  if (status >= 300 && status < 400) return peerFault(peer, 'redirect', `redirects (${status})`)
  if (request.extension && isRouteUnknown(status, headers, said))
    return new RouteUnknown(`${peer.address} answered ${status}`)
  const because = said === undefined ? '' : `: ${said.message.slice(0, 500)}`
  const message = `${peer.address} answered ${status}${because}`
  const code = codes[status]
  if (code === undefined) return peerFault(peer, 'status', `answered ${status}${because}`)
  const retryAfter = code === 'busy' ? headers['retry-after'] : undefined
  return new GroveError(
    code,
    { ...peer, ...(retryAfter === undefined ? {} : { retryAfter }) },
    { message },
  )
}

/** A grove that federates marks its answers, and says `absent` where it means the thing and not the route. */
function isRouteUnknown(
  status: number,
  headers: IncomingHttpHeaders,
  said: GroveError | undefined,
): boolean {
  return (
    [400, 404, 405, 501].includes(status) &&
    headers[PROTOCOL_HEADER] === undefined &&
    said?.code !== 'absent'
  )
}

function socketsOf(options: DiallerOptions): Agent {
  return new Agent({
    connect: guardedConnector(options),
    connections: CONNECTIONS_PER_PEER,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.idleTimeoutMs,
    maxHeaderSize: 32 * 1024,
    allowH2: false,
  })
}

function guardedConnector(options: DiallerOptions): buildConnector.connector {
  const connect = buildConnector({
    timeout: options.connectTimeoutMs,
    allowH2: false,
    lookup: guardedLookup(options),
  })
  return (target, callback) => {
    try {
      checkHost(target.hostname, options)
    } catch (error) {
      return callback(error as Error, null)
    }
    connect(target, callback)
  }
}

function lengthOf(headers: IncomingHttpHeaders): number | undefined {
  const length = headers['content-length']
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined
}

function parseJson(peer: PeerAddress, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw peerFault(peer, 'malformed', 'answered with something that is not JSON', cause)
  }
}

function jsonOrNothing(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
