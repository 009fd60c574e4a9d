import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import { errorBody, GroveError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'

/** While a body is under way, at least `MOVED_MIN_BYTES` must move, one way or the other, in each such span. */
const WATCH_MS = 30_000
const MOVED_MIN_BYTES = 30 * 1024
/** How long a caller may go on sending a body that was refused, so that it gets to read why. */
const LINGER_MS = 5_000
/** Said in every answer; the first is the version of Grove's extensions to the 0.1 routes, by which peers know a grove that federates. */
const COMMON_HEADERS = { 'grove-protocol': '1', 'x-content-type-options': 'nosniff' } as const

/** One request and its answer. */
export class Exchange {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly clock: Clock
  readonly #controller = new AbortController()
  #endWatch = () => {}

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, clock: Clock) {
    this.incoming = incoming
    this.outgoing = outgoing
    this.clock = clock
    outgoing.once('close', () => {
      this.#endWatch()
      if (!outgoing.writableFinished)
        this.abort(new GroveError('aborted', {}, { message: 'the caller has gone' }))
    })
  }

  /** Aborts when the caller leaves or the server has no more time. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  abort(reason: GroveError): void {
    this.#controller.abort(reason)
  }

  get path(): string {
    const url = this.incoming.url ?? '/'
    const end = url.indexOf('?')
    return end < 0 ? url : url.slice(0, end)
  }

  get search(): string {
    const url = this.incoming.url ?? '/'
    const end = url.indexOf('?')
    return end < 0 ? '' : url.slice(end + 1)
  }

  header(name: string): string | undefined {
    const value = this.incoming.headers[name]
    return Array.isArray(value) ? value[0] : value
  }

  /** From here on the connection is cut when too little moves on it. */
  expectMovement(): void {
    this.allowPause()
    const { socket } = this.incoming
    const before = socket.bytesRead + socket.bytesWritten
    this.#endWatch = this.clock.after(WATCH_MS, () => {
      if (socket.bytesRead + socket.bytesWritten - before < MOVED_MIN_BYTES) socket.destroy()
      else this.expectMovement()
    })
  }

  /** The body is all here; the work on it may take its time. */
  allowPause(): void {
    this.#endWatch()
  }

  /** Begins an answer whose body follows. */
  start(status: number, headers: OutgoingHttpHeaders): void {
    this.outgoing.writeHead(status, { ...COMMON_HEADERS, ...headers })
  }

  sendJson(status: number, value: unknown, headers: OutgoingHttpHeaders = {}): void {
    this.send(status, JSON.stringify(value), { 'content-type': 'application/json', ...headers })
  }

  send(status: number, body: string, headers: OutgoingHttpHeaders): void {
    this.start(status, { ...headers, 'content-length': Buffer.byteLength(body) })
    this.outgoing.end(body)
  }

  /** Answers with what went wrong; after the answer has begun, all that is left is to cut the connection. */
  fail(error: unknown, headers: OutgoingHttpHeaders = {}): void {
    if (this.outgoing.headersSent || this.outgoing.destroyed) {
      this.outgoing.destroy()
      return
    }
    const status = error instanceof GroveError ? error.kind.status : 500
    this.outgoing.statusMessage = STATUS_CODES[status] ?? 'Client Closed Request'
    this.sendJson(status, errorBody(error), headers)
    this.#leaveRestOfBody()
  }

  /** Node reads and drops what is still to come of the body; a body without end is not waited for. */
  #leaveRestOfBody(): void {
    const { incoming } = this
    if (incoming.complete) return
    const cancel = this.clock.after(LINGER_MS, () => incoming.socket.destroy())
    incoming.once('close', cancel)
    incoming.resume()
  }
}
