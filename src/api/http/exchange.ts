import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { GroveError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { type ApiRequest, splitTarget } from '../answer/request.ts'
import type { ApiResponse } from '../answer/response.ts'
import { isForwarded } from './caller.ts'
import type { ConnectionUse } from './connections.ts'
import { Movement } from './movement.ts'

/** Answers that are whole in memory are sent in slices, so that it shows whether they move. */
const SLICE_BYTES = 64 * 1024
/** How long a caller may go on sending a refused body, so that it can read the response. */
const LINGER_MS = 5_000

interface ExchangeOptions {
  readonly clock: Clock
  readonly isLocal: boolean
  readonly host: string
  /** The IP address that it comes from. */
  readonly remote: string | undefined
  /** Waits until the request may begin; undefined if it may. */
  readonly begin: (request: ApiRequest) => Promise<void> | undefined
  /** Waits until the work on it may go on; undefined if it may. */
  readonly turn: (request: ApiRequest) => Promise<void> | undefined
  /** Waits until the next bytes of a long body may be taken or given; undefined if they may. */
  readonly bulkTurn: (request: ApiRequest) => Promise<void> | undefined
  /** Takes room for an answer of so many bytes. The result gives it back. */
  readonly hold: (bytes: number) => () => void
  /** A long body is under way until the result is called. */
  readonly beginBody: () => () => void
  /** Told what the connection is used for from now on. */
  readonly onUse: (use: ConnectionUse) => void
  /** Whether others need the connection. */
  readonly isCrowded: () => boolean
}

/** One request on a socket, and its response. */
export class Exchange implements ApiRequest {
  readonly method: string
  readonly path: string
  readonly search: string
  readonly isLocal: boolean
  readonly host: string
  readonly remote: string | undefined
  readonly isForwarded: boolean
  readonly #authority: string | undefined
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  readonly #options: ExchangeOptions
  readonly #movement: Movement
  readonly #controller = new AbortController()

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, options: ExchangeOptions) {
    const { clock, host, isCrowded, isLocal, onUse, remote } = options
    this.isLocal = isLocal
    this.host = host
    this.remote = remote
    this.isForwarded = isForwarded(incoming.headers)
    this.#options = options
    this.#incoming = incoming
    this.#outgoing = outgoing
    this.#movement = new Movement({ socket: incoming.socket, clock, isCrowded })
    onUse('work')
    this.method = incoming.method ?? 'GET'
    const { path, search, authority } = splitTarget(incoming.url ?? '/')
    this.path = path
    this.search = search
    this.#authority = authority
    outgoing.once('close', () => {
      this.#movement.allowPause()
      onUse('idle')
      if (!outgoing.writableFinished)
        this.abort(new GroveError('aborted', {}, { message: 'the caller has left' }))
    })
  }

  /** What is sent is copied by the system, or waits until it is. */
  get takesLent(): boolean {
    return true
  }

  get givesBody(): boolean {
    return true
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  abort(reason: GroveError): void {
    this.#controller.abort(reason)
  }

  hold(bytes: number): void {
    this.#outgoing.once('close', this.#options.hold(bytes))
  }

  header(name: string): string | undefined {
    if (name === 'host') return this.#hostHeader()
    const value = this.#incoming.headers[name]
    return Array.isArray(value) ? value[0] : value
  }

  /** Node keeps only the first of several. */
  #hostHeader(): string | undefined {
    const { headers, rawHeaders } = this.#incoming
    const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host')
    return hosts.length > 1 ? 'several, hosts' : (this.#authority ?? headers.host)
  }

  /** Waits until the work on the request may begin; undefined if it may. */
  begin(): Promise<void> | undefined {
    return this.#options.begin(this)
  }

  turn(): Promise<void> | undefined {
    return this.#options.turn(this)
  }

  /** The work on a body begins when it is complete, and waits for its turn again. */
  async wholeBody(maxBytes: number): Promise<Buffer | undefined> {
    const body = await this.#collected(maxBytes)
    await this.begin()
    return body
  }

  #collected(maxBytes: number): Promise<Buffer | undefined> {
    const incoming = this.#incoming
    if (Number(incoming.headers['content-length'] ?? 0) > maxBytes)
      return Promise.resolve(undefined)
    this.#invite()
    this.#expectMovement()
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      let sizeBytes = 0
      const settle = () => {
        incoming.off('data', onData).off('end', onEnd).off('close', onClose)
        this.#allowPause()
      }
      const onData = (chunk: Buffer) => {
        sizeBytes += chunk.byteLength
        chunks.push(chunk)
        if (sizeBytes <= maxBytes) return
        settle()
        resolve(undefined)
      }
      const onEnd = () => {
        settle()
        resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
      }
      const onClose = () => {
        settle()
        reject(new GroveError('aborted', {}, { message: 'the request ended before its body' }))
      }
      incoming.on('data', onData).on('end', onEnd).on('close', onClose)
    })
  }

  /** If only a part is read, the connection can still carry the response. */
  bodyStream(): AsyncIterable<Uint8Array> {
    this.#invite()
    this.#expectMovement()
    this.#incoming.once('end', () => this.#allowPause())
    return this.#inTurns(this.#incoming.iterator({ destroyOnReturn: false }))
  }

  /**
   * Resolves when the whole response was handed to the socket. Rejects if a streamed body fails.
   * After the last response the connection ends.
   */
  async send(
    { status, headers, body, mayPause, isLent }: ApiResponse,
    { isLast }: { isLast: boolean },
  ): Promise<void> {
    const outgoing = this.#outgoing
    if (outgoing.destroyed) return
    if (isLast) outgoing.setHeader('connection', 'close')
    outgoing.writeHead(status, STATUS_CODES[status] ?? 'Client Closed Request', headers)
    if (body === undefined || this.method === 'HEAD') outgoing.end()
    else if (typeof body === 'string' || body instanceof Uint8Array) await this.#sendWhole(body)
    else {
      if (mayPause === true) this.#expectReading()
      else this.#expectMovement()
      const chunks = mayPause === true ? body : this.#inTurns(body)
      if (isLent === true) await this.#sendLent(chunks)
      else await pipeline(chunks, outgoing, { signal: this.signal })
    }
    if (status >= 400) this.#leaveRestOfBody()
  }

  /** Cuts the connection: the only way to report an error after the response has begun. */
  cut(): void {
    this.#outgoing.destroy()
  }

  async #sendWhole(body: string | Uint8Array): Promise<void> {
    const outgoing = this.#outgoing
    if (body.length <= SLICE_BYTES) {
      outgoing.end(body)
      if (this.#incoming.socket.writableLength > 0) this.#expectMovement()
      return
    }
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    this.hold(bytes.byteLength)
    this.#expectMovement()
    await pipeline(slicesOf(bytes), outgoing, { signal: this.signal })
  }

  /** Each chunk has left for the system before the next one is asked for. */
  async #sendLent(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const outgoing = this.#outgoing
    // Whoever has left is seen by the signal.
    outgoing.on('error', () => {})
    for await (const chunk of chunks) await this.#handed((done) => outgoing.write(chunk, done))
    await this.#handed((done) => outgoing.end(done))
  }

  /** Resolves when the socket has taken what is given to it. Throws the signal's reason. */
  #handed(give: (done: (error?: Error | null) => void) => void): Promise<void> {
    const { signal } = this
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason)
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      give((error) => {
        signal.removeEventListener('abort', onAbort)
        if (error) reject(error)
        else resolve()
      })
    })
  }

  /** Bodies take turns with everything else, so that many at once keep nobody waiting. */
  async *#inTurns(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const end = this.#options.beginBody()
    try {
      for await (const chunk of chunks) {
        const turn = this.#options.bulkTurn(this)
        if (turn !== undefined) await turn
        yield chunk
      }
    } finally {
      end()
    }
  }

  /** A caller may wait for this before it sends the body (RFC 9110 §10.1.1). */
  #invite(): void {
    if (this.#incoming.headers.expect !== undefined) this.#outgoing.writeContinue()
  }

  /** From now on the connection is cut if too little moves on it. */
  #expectMovement(): void {
    this.#options.onUse('body')
    this.#movement.expect()
  }

  /** From now on the connection is cut if what is written to it is not read. */
  #expectReading(): void {
    this.#options.onUse('listening')
    this.#movement.expectReading()
  }

  /**
   * From now on the connection may be idle: the body is complete, and the work on it takes its
   * time.
   */
  #allowPause(): void {
    this.#options.onUse('work')
    this.#movement.allowPause()
  }

  /** Discards the rest of a refused body, for a while: it may be endless. */
  #leaveRestOfBody(): void {
    const incoming = this.#incoming
    if (incoming.complete) return
    const cancel = this.#options.clock.after(LINGER_MS, () => incoming.socket.destroy())
    incoming.once('close', cancel)
    incoming.resume()
  }
}

function* slicesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += SLICE_BYTES)
    yield bytes.subarray(at, at + SLICE_BYTES)
}

/**
 * Cuts the connection of a request for a stream of events, and says whether it did. A browser
 * reconnects after a cut, but after an answer other than 200 it gives up for good (HTML Standard
 * §9.2.3).
 */
export function cutIfEventStream({ headers, socket }: IncomingMessage): boolean {
  if (headers.accept?.includes('text/event-stream') !== true) return false
  socket.destroy()
  return true
}
