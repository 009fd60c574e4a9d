import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { errnoOf } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { errorResponse, type TextResponse } from '../answer/response.ts'

/** How long who was hung up on may take to read the answer and to hang up, too. */
const LINGER_MS = 5_000

const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** Answers what the HTTP parser gave up on, in the form of every other error, and hangs up. */
export function answerUnparsed(error: Error, socket: Duplex): void {
  if (!socket.writable || errnoOf(error) === 'ECONNRESET') return void socket.destroy()
  const status = statuses[errnoOf(error)] ?? 400
  const { headers, body } = refusal(
    `the request is not HTTP as it is spoken here: ${error.message}`,
  )
  const lines = Object.entries({ ...headers, connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`)
}

/**
 * Cuts a connection a while after such an answer: Node waits for the other side to hang up, too,
 * which may never do so.
 */
export function cutLater(socket: Duplex, clock: Pick<Clock, 'after'>): void {
  socket.once(
    'close',
    clock.after(LINGER_MS, () => socket.destroy()),
  )
}

/** Answers an `Expect` other than 100-continue. */
export function answerExpectation(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { headers, body } = refusal(`nothing here meets expect: ${incoming.headers.expect}`)
  outgoing.writeHead(417, { ...headers, connection: 'close' }).end(body)
}

/** `CONNECT` and upgrades have no response of their own in Node: without this it just hangs up. */
export function answerConnect(incoming: IncomingMessage, socket: Duplex): void {
  answerUnparsed(new Error(`no ${incoming.method}`), socket)
}

function refusal(message: string): TextResponse {
  return errorResponse(new GroveError('usage-error', {}, { message }))
}
