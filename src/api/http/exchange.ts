import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { GroveError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { type ApiRequest, splitTarget } from '../answer/request.ts'
import type { ApiResponse } from '../answer/response.ts'

/**
 * While a body is under way, at least `MOVED_MIN_BYTES` must move, in either direction, in this
 * time.
 */
const WATCH_MS = 30_000
const MOVED_MIN_BYTES = 30 * 1024
/** How long a caller may go on sending a refused body, so that it can read the response. */
const LINGER_MS = 5_000

/** One request on a socket, and its response. */
export class Exchange implements ApiRequest {
  readonly method: string
  readonly path: string
  readonly search: string
  readonly isLocal: boolean
  readonly remote: string | undefined
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  readonly #clock: Clock
  readonly #controller = new AbortController()
  #endWatch = () => {}

  constructor(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    { clock, isLocal }: { clock: Clock; isLocal: boolean },
  ) {
    this.isLocal = isLocal
    this.remote = incoming.socket.remoteAddress
    this.#incoming = incoming
    this.#outgoing = outgoing
    this.#clock = clock
    this.method = incoming.method ?? 'GET'
    const { path, search } = splitTarget(incoming.url ?? '/')
    this.path = path
    this.search = search
    outgoing.once('close', () => {
      this.#endWatch()
      if (!outgoing.writableFinished)
        this.abort(new GroveError('aborted', {}, { message: 'the caller has left' }))
    })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  abort(reason: GroveError): void {
    this.#controller.abort(reason)
  }

  header(name: string): string | undefined {
    const value = this.#incoming.headers[name]
    return Array.isArray(value) ? value[0] : value
  }

  wholeBody(maxBytes: number): Promise<Buffer | undefined> {
    const incoming = this.#incoming
    if (Number(incoming.headers['content-length'] ?? 0) > maxBytes)
      return Promise.resolve(undefined)
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
    this.#expectMovement()
    this.#incoming.once('end', () => this.#allowPause())
    return this.#incoming.iterator({ destroyOnReturn: false })
  }

  /**
   * Resolves when the whole response was handed to the socket. Rejects if a streamed body fails.
   * After the last response the connection ends.
   */
  async send(
    { status, headers, body, mayPause }: ApiResponse,
    { isLast }: { isLast: boolean },
  ): Promise<void> {
    const outgoing = this.#outgoing
    if (outgoing.destroyed) return
    if (isLast) outgoing.setHeader('connection', 'close')
    outgoing.writeHead(status, STATUS_CODES[status] ?? 'Client Closed Request', headers)
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array)
      outgoing.end(body)
    else {
      if (mayPause !== true) this.#expectMovement()
      await pipeline(body, outgoing, { signal: this.signal })
    }
    if (status >= 400) this.#leaveRestOfBody()
  }

  /** Cuts the connection: the only way to report an error after the response has begun. */
  cut(): void {
    this.#outgoing.destroy()
  }

  /** From now on the connection is cut if too little moves on it. */
  #expectMovement(): void {
    this.#allowPause()
    const { socket } = this.#incoming
    const before = socket.bytesRead + socket.bytesWritten
    this.#endWatch = this.#clock.after(WATCH_MS, () => {
      if (socket.bytesRead + socket.bytesWritten - before < MOVED_MIN_BYTES) socket.destroy()
      else this.#expectMovement()
    })
  }

  /**
   * From now on the connection may be idle: the body is complete, and the work on it takes its
   * time.
   */
  #allowPause(): void {
    this.#endWatch()
  }

  /** Discards the rest of a refused body, for a while: it may be endless. */
  #leaveRestOfBody(): void {
    const incoming = this.#incoming
    if (incoming.complete) return
    const cancel = this.#clock.after(LINGER_MS, () => incoming.socket.destroy())
    incoming.once('close', cancel)
    incoming.resume()
  }
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
