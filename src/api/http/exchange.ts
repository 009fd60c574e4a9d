import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { GroveError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { type ApiRequest, splitTarget } from '../answer/request.ts'
import type { ApiResponse } from '../answer/response.ts'

/** While a body is under way, at least `MOVED_MIN_BYTES` must move, one way or the other, in each such span. */
const WATCH_MS = 30_000
const MOVED_MIN_BYTES = 30 * 1024
/** How long a caller may go on sending a body that was refused, so that it gets to read why. */
const LINGER_MS = 5_000

/** One request on a socket, and its response. */
export class Exchange implements ApiRequest {
  readonly method: string
  readonly path: string
  readonly search: string
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  readonly #clock: Clock
  readonly #controller = new AbortController()
  #endWatch = () => {}

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, clock: Clock) {
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

  /** Reading only a part of it leaves the connection usable for the response. */
  bodyStream(): AsyncIterable<Uint8Array> {
    this.#expectMovement()
    this.#incoming.once('end', () => this.#allowPause())
    return this.#incoming.iterator({ destroyOnReturn: false })
  }

  /** Sends the response; resolves when all of it was handed to the socket. Rejects where a body that streams fails. */
  async send({ status, headers, body, mayPause }: ApiResponse): Promise<void> {
    const outgoing = this.#outgoing
    if (outgoing.destroyed) return
    outgoing.writeHead(status, STATUS_CODES[status] ?? 'Client Closed Request', headers)
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array)
      outgoing.end(body)
    else {
      if (mayPause !== true) this.#expectMovement()
      await pipeline(body, outgoing, { signal: this.signal })
    }
    if (status >= 400) this.#leaveRestOfBody()
  }

  /** Cuts the connection: all that can be said once a response that has begun can't be ended. */
  cut(): void {
    this.#outgoing.destroy()
  }

  /** From here on the connection is cut when too little moves on it. */
  #expectMovement(): void {
    this.#allowPause()
    const { socket } = this.#incoming
    const before = socket.bytesRead + socket.bytesWritten
    this.#endWatch = this.#clock.after(WATCH_MS, () => {
      if (socket.bytesRead + socket.bytesWritten - before < MOVED_MIN_BYTES) socket.destroy()
      else this.#expectMovement()
    })
  }

  /** The body is all here; the work on it may take its time. */
  #allowPause(): void {
    this.#endWatch()
  }

  /** Node reads and drops the rest of a body that was refused; a body without end is not waited for. */
  #leaveRestOfBody(): void {
    const incoming = this.#incoming
    if (incoming.complete) return
    const cancel = this.#clock.after(LINGER_MS, () => incoming.socket.destroy())
    incoming.once('close', cancel)
    incoming.resume()
  }
}
