import type { IncomingHttpHeaders } from 'node:http'
import { Agent, buildConnector, errors } from 'undici'
import type { z } from 'zod'
import { countEntries } from '../core/contribution/scan.ts'
import { GroveError } from '../core/errors.ts'
import type { KeyId } from '../core/identity/ed25519.ts'
import { issuesText, readAs } from '../core/issues.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import { withoutSlashes } from '../core/text.ts'
import type { Clock } from '../ports/clock.ts'
import { SIGNATURE } from '../signing/http-signature.ts'
import { guardedBody, type MinimumRate, type RawBody, readBody } from './body.ts'
import type { CallHeaders, CallSigner } from './call-signer.ts'
import { peerFault, transportError } from './faults.ts'
import { checkHost, checkUrl, type Guard, guardedLookup, type LookupAll } from './guard.ts'
import type { HostMap } from './hosts.ts'
import { Pauses } from './pauses.ts'
import { PROTOCOL_HEADER, refusal, UnknownRouteError } from './refusal.ts'

/** An HTTP request as it is sent. */
export interface CarriedRequest {
  readonly origin: string
  readonly path: string
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

/** The head of an HTTP response, and its body, which is still to be read. */
export interface CarriedAnswer {
  readonly statusCode: number
  readonly headers: IncomingHttpHeaders
  readonly body: RawBody
}

/** Carries HTTP requests: by sockets or by a simulated network. Rejects with errors of undici. */
export interface HttpCarrier {
  request(request: CarriedRequest): Promise<CarriedAnswer>
  destroy(): Promise<void>
}

/** What a dialler needs. Times are in ms. */
export interface DiallerOptions extends Guard {
  readonly clock: Clock
  /** Learns which IP addresses names have. */
  readonly hosts: HostMap
  /** Finds the addresses of names. Default: the system. */
  readonly lookup?: LookupAll | undefined
  /** Default: sockets. The connect, headers and idle time-outs are those of the sockets. */
  readonly carrier?: HttpCarrier | undefined
  readonly connectTimeoutMs: number
  /** From the request to the end of the response's headers. */
  readonly headersTimeoutMs: number
  /** Between two pieces of a body. */
  readonly idleTimeoutMs: number
  readonly minimumRate: MinimumRate
  /** Signs the requests. Default: they go as they are. */
  readonly signer?: CallSigner | undefined
  /** Whether the operator wants a peer left alone. Default: none. */
  readonly isBlocked?: ((peer: PeerAddress) => boolean) | undefined
}

/** A request to a peer. */
export interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** Below the peer's address, with the query. */
  readonly path: string
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The most bytes of the response's body. */
  readonly maxBytes: number
  /** The most members and items of a response in JSON. Default: JSON_MAX_ENTRIES. */
  readonly maxEntries?: number
  /** Whether 0.1 servers don't have the route. `ask` then throws `UnknownRouteError` for one. */
  readonly extension?: boolean
  /** Whether a grove that signs its answers always signs this one. */
  readonly isSealed?: boolean
  readonly signal?: AbortSignal | undefined
}

/** A response with a status from 200 to 206. */
export interface PeerAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The Content-Length; undefined if there is none. */
  readonly lengthBytes: number | undefined
  readonly body: AsyncIterable<Uint8Array>
  /** Whether the call was signed, so that a grove with a key would have signed its answer. */
  readonly isCallSigned: boolean
  /**
   * Who signed it, whose whole body this is. Throws `peer-fault` for a wrong signature, and
   * `refused` where one is missing that must be there.
   */
  signedBy(body: Uint8Array): Promise<KeyId | undefined>
  /** Drops a body that won't be read. */
  discard(): void
}

/** Who signed the answer to a call, if somebody did, and whether the call itself was signed. */
export interface Signer extends Pick<PeerAnswer, 'isCallSigned'> {
  readonly signedBy: KeyId | undefined
}

/** The most bytes read of an error response, to learn its code. */
const ERROR_BODY_MAX = 16 * 1024
/**
 * The most members and items of a response in JSON, on all levels together. More of them take long
 * to parse, however few bytes they have. A best list may have a hundred tags an entry.
 */
const JSON_MAX_ENTRIES = 131_072
/** How often a call is signed again as its peer wants it: by its id, and by its clock. */
const SIGN_AGAIN_MAX = 2
/** Answers with a status below 200 before the one that counts: each begins the time-out anew. */
const INTERIM_MAX = 2
/** Sockets to one peer, enough for its transfers, gossip and small requests. */
const CONNECTIONS_PER_PEER = 32

/** How a request was signed, and what came of it. */
interface SignedCall {
  readonly call: CallHeaders
  readonly answer: CarriedAnswer
}

/** Sends HTTP requests to peers: only to allowed addresses, without redirects, all bounded. */
export class Dialler {
  readonly #options: DiallerOptions
  readonly #carrier: HttpCarrier
  readonly #pauses: Pauses

  constructor(options: DiallerOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
    this.#carrier = options.carrier ?? socketsOf(options)
  }

  /** Throws `address-refused` if the address may not be dialled. */
  checkAddress(address: string): void {
    checkUrl(address, this.#options)
  }

  /**
   * Sends one request. Throws what the response's status means (`absent`, `gone`, `refused`,
   * `busy`, `too-large`, `range-invalid`, otherwise `peer-fault`), and `UnknownRouteError` if the
   * peer doesn't have the route of an extension.
   */
  async ask(peer: PeerAddress, request: Request): Promise<PeerAnswer> {
    const { clock, minimumRate: rate, signer } = this.#options
    const { call, answer } = await this.#dispatch(peer, request)
    const { headers, statusCode: status, body } = answer
    const lengthBytes = lengthOf(headers)
    const bodyLimits = { peer, clock, rate, signal: request.signal }
    if (status < 200 || status > 206) {
      throw await refusal(peer, request, {
        status,
        headers,
        body: guardedBody(body, { ...bodyLimits, maxBytes: ERROR_BODY_MAX }),
      })
    }
    if (request.extension && headers[PROTOCOL_HEADER] === undefined) {
      body.destroy()
      throw new UnknownRouteError(`${peer.address} answered ${status} as no grove does`)
    }
    const fault = this.#headerFault(peer, request, headers, lengthBytes)
    if (fault !== undefined) {
      body.destroy()
      throw fault
    }
    const exactBytes = request.method === 'HEAD' ? undefined : lengthBytes
    const guarded = guardedBody(body, { ...bodyLimits, maxBytes: request.maxBytes, exactBytes })
    return {
      ...{ status, headers, lengthBytes, body: guarded },
      isCallSigned: call[SIGNATURE] !== undefined,
      signedBy: async (bytes) =>
        signer?.signerOf(peer, call, answer, { body: bytes, isSealed: request.isSealed === true }),
      discard: () => void body.destroy(),
    }
  }

  /** Sends a request and parses the JSON of the response. Throws `peer-fault` if it doesn't fit. */
  async askJson<T extends z.ZodType>(
    peer: PeerAddress,
    request: Request,
    schema: T,
  ): Promise<z.output<T>> {
    return (await this.askSigned(peer, request, schema)).output
  }

  /** The same, and whose signature the response has. */
  async askSigned<T extends z.ZodType>(
    peer: PeerAddress,
    request: Request,
    schema: T,
  ): Promise<{ readonly output: z.output<T> } & Signer> {
    const answer = await this.ask(peer, request)
    const body = await readBody(answer.body)
    const signer = { signedBy: await answer.signedBy(body), isCallSigned: answer.isCallSigned }
    const { path, maxEntries = JSON_MAX_ENTRIES } = request
    if (countEntries(body, maxEntries) > maxEntries)
      throw peerFault(peer, 'too-long', `answered ${path} with more than ${maxEntries} entries`)
    const result = readAs(schema, parseJson(peer, body))
    if (result.success) return { output: result.data, ...signer }
    const issue = issuesText(result.error.issues.slice(0, 1))
    throw peerFault(peer, 'malformed', `answered ${path} with a malformed body: ${issue}`)
  }

  async close(): Promise<void> {
    await this.#carrier.destroy()
  }

  /** A peer that is too busy is asked once more when it wants to be. */
  async #dispatch(peer: PeerAddress, request: Request): Promise<SignedCall> {
    await this.#pauses.end(peer, request.signal)
    const sent = await this.#sendSigned(peer, request)
    const { statusCode, headers, body } = sent.answer
    if (statusCode !== 429 || !this.#pauses.begin(peer, headers)) return sent
    body.destroy()
    await this.#pauses.end(peer, request.signal)
    const again = await this.#sendSigned(peer, request)
    if (again.answer.statusCode === 429) this.#pauses.begin(peer, again.answer.headers)
    return again
  }

  /** A peer that can't take the signature says why, and gets another. */
  async #sendSigned(peer: PeerAddress, request: Request): Promise<SignedCall> {
    const { signer } = this.#options
    for (let calls = 1; ; calls += 1) {
      const sent = await this.#send(peer, request)
      const { call, answer } = sent
      if (answer.statusCode !== 401 || calls > SIGN_AGAIN_MAX) return sent
      if ((await signer?.heeds(peer, call, answer)) !== true) return sent
      answer.body.destroy()
    }
  }

  async #send(peer: PeerAddress, request: Request): Promise<SignedCall> {
    const { method, path, json, headers, signal } = request
    const url = checkUrl(peer.address, this.#options)
    if (this.#options.isBlocked?.(peer) === true) throw blocked(peer)
    const body = json === undefined ? {} : { body: JSON.stringify(json) }
    const below = withoutSlashes(url.pathname) + path
    const target = { method, target: url.origin + below }
    const call = (await this.#options.signer?.headersFor(peer, { ...target, ...body })) ?? {}
    signal?.throwIfAborted()
    try {
      const answer = await this.#carrier.request({
        ...{ origin: url.origin, path: below, method },
        headers: {
          ...headers,
          ...call,
          'accept-encoding': 'identity',
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...body,
        ...(signal === undefined ? {} : { signal }),
      })
      return { call, answer }
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
      return peerFault(peer, 'encoded', 'sent an encoded body, which was not requested')
    if (lengthBytes !== undefined && lengthBytes > request.maxBytes)
      return peerFault(
        peer,
        'too-long',
        `declared a body of ${lengthBytes} bytes, more than the allowed ${request.maxBytes}`,
      )
    return undefined
  }
}

function blocked(peer: PeerAddress): GroveError {
  const message = `${peer.address} is blocked here: \`grove peers unblock\` allows it again`
  return new GroveError('refused', { ...peer }, { message })
}

function socketsOf(options: DiallerOptions): HttpCarrier {
  const agent = new Agent({
    connect: guardedConnector(options),
    connections: CONNECTIONS_PER_PEER,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.idleTimeoutMs,
    maxHeaderSize: 32 * 1024,
    allowH2: false,
  })
  return {
    async request(request) {
      let interim = 0
      const onInfo = () => {
        if (++interim > INTERIM_MAX) throw new errors.HeadersOverflowError()
      }
      const answer = await agent.request({ ...request, onInfo })
      // A body that is destroyed unread may emit an error, which would end the process.
      answer.body.on('error', () => {})
      return answer
    },
    destroy: () => agent.destroy(),
  }
}

function guardedConnector(options: DiallerOptions): buildConnector.connector {
  const connect = buildConnector({
    timeout: options.connectTimeoutMs,
    allowH2: false,
    lookup: guardedLookup(options, options.hosts, options.lookup),
  })
  return (target, callback) => {
    try {
      checkHost(target.hostname, options)
    } catch (error) {
      return callback(error as Error, null)
    }
    connect(target, (...answer) => {
      const ip = answer[1]?.remoteAddress
      if (ip !== undefined) options.hosts.reached(target.hostname, ip)
      callback(...answer)
    })
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
    throw peerFault(peer, 'malformed', 'sent a body that is not JSON', cause)
  }
}
