import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { errnoOf } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'
import { errorResponse, type TextResponse } from '../answer/response.ts'

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
