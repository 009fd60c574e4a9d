import type { IncomingHttpHeaders } from 'node:http'
import { type ErrorCode, errorFromBody, GroveError } from '../core/errors.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import { ALTERED, NOT_LET_IN } from '../core/wire/access.ts'
import { readBody } from './body.ts'
import { peerFault } from './faults.ts'

/** A header in every response of a grove that federates. 0.1 servers don't send it. */
export const PROTOCOL_HEADER = 'grove-protocol'

/** The peer doesn't have the route, and so doesn't federate. Never leaves the transport. */
export class UnknownRouteError extends Error {}

const codes: Readonly<Record<number, ErrorCode>> = {
  401: 'refused',
  403: 'refused',
  404: 'absent',
  410: 'gone',
  413: 'too-large',
  416: 'range-invalid',
  429: 'busy',
  // A gateway in front of the peer says these, not the peer.
  502: 'peer-unreachable',
  503: 'busy',
  504: 'peer-unreachable',
}

interface ErrorAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: AsyncIterable<Uint8Array>
}

/** What a response means whose status is none of success: to be thrown. */
export async function refusal(
  peer: PeerAddress,
  request: { readonly extension?: boolean },
  { status, headers, body }: ErrorAnswer,
): Promise<Error> {
  const error = errorFromBody(jsonOrNothing(await readBody(body).catch(() => Buffer.alloc(0))))
  if (status >= 300 && status < 400)
    return peerFault(peer, 'redirect', `answered with a redirect (${status}), which is not allowed`)
  if (request.extension && isUnknownRoute(status, headers, error))
    return new UnknownRouteError(`${peer.address} answered ${status}`)
  const reason = error === undefined ? '' : `: ${error.message.slice(0, 500)}`
  const isForeign = headers[PROTOCOL_HEADER] === undefined && error === undefined
  const foreign = isForeign ? ', and not as a grove does' : ''
  const message = `${peer.address} answered ${status}${foreign}${reason}`
  const code = codes[status]
  if (code === undefined) return peerFault(peer, 'status', `answered ${status}${reason}`)
  const retryAfter = code === 'busy' ? headers['retry-after'] : undefined
  return new GroveError(
    code,
    {
      ...peer,
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(isForeign ? { foreign: true } : {}),
      ...(error?.details['fault'] === ALTERED ? { fault: ALTERED } : {}),
      ...(error?.code === 'forbidden' ? { fault: NOT_LET_IN } : {}),
    },
    { message },
  )
}

/**
 * True if the peer doesn't have the route. One that federates marks its responses with a header,
 * and says `absent` if it has the route but not the item.
 */
function isUnknownRoute(
  status: number,
  headers: IncomingHttpHeaders,
  error: GroveError | undefined,
): boolean {
  return (
    [400, 404, 405, 501].includes(status) &&
    headers[PROTOCOL_HEADER] === undefined &&
    error?.code !== 'absent'
  )
}

function jsonOrNothing(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
