import { errors } from 'undici'
import type { Cid } from '../core/cid.ts'
import { errnoOf, isExhausted, storageError } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'
import { MANIFEST_MAX_BYTES } from '../core/limits.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import { tlsTrouble } from '../core/peers/tls-trouble.ts'

/** How a peer broke the protocol: the detail `fault` of a `peer-fault`. */
export type FaultKind =
  | 'redirect'
  | 'status'
  | 'malformed'
  | 'too-long'
  | 'wrong-length'
  | 'cut-off'
  | 'range-ignored'
  | 'wrong-range'
  | 'encoded'
  | 'other-cid'
  | 'forged'

/** A `peer-fault`. `what` continues a sentence that begins with the peer's address. */
export function peerFault(
  peer: PeerAddress,
  fault: FaultKind,
  what: string,
  cause?: unknown,
): GroveError {
  const details = { peerId: peer.peerId, address: peer.address, fault }
  return new GroveError('peer-fault', details, { message: `${peer.address} ${what}`, cause })
}

/** A `peer-unreachable`: what came is not what the peer has signed. */
export function changedOnTheWay(peer: PeerAddress): GroveError {
  const message = `what ${peer.address} answered was changed on its way here`
  return new GroveError('peer-unreachable', { ...peer }, { message })
}

/** A `peer-too-slow`. `what` continues a sentence that begins with the peer's address. */
export function tooSlow(peer: PeerAddress, what: string, cause?: unknown): GroveError {
  return new GroveError('peer-too-slow', { ...peer }, { message: `${peer.address} ${what}`, cause })
}

/**
 * The error of a request for a manifest: `manifest-too-large` if the body was too long, otherwise
 * the error as it is.
 */
export function manifestError(error: unknown, cid: Cid): unknown {
  if (!(error instanceof GroveError) || error.details.fault !== 'too-long') return error
  const maxBytes = MANIFEST_MAX_BYTES
  const message = `the manifest of ${cid} has more than the allowed ${maxBytes} bytes`
  const details = { ...error.details, cid, maxBytes }
  return new GroveError('manifest-too-large', details, { cause: error, message })
}

/**
 * The GroveError for a failed request or a broken body. `begun` says that the response had begun:
 * then a closed connection is the peer's fault.
 */
export function transportError(
  peer: PeerAddress,
  cause: unknown,
  options: { begun: boolean; signal?: AbortSignal | undefined },
): unknown {
  if (cause instanceof GroveError) return cause
  if (options.signal?.aborted) return abortReason(options.signal)
  if (cause instanceof errors.HeadersTimeoutError)
    return tooSlow(peer, 'did not answer in time', cause)
  if (cause instanceof errors.BodyTimeoutError) return tooSlow(peer, 'stopped sending', cause)
  if (cause instanceof errors.HTTPParserError || errnoOf(cause).startsWith('HPE_'))
    return peerFault(peer, 'malformed', 'does not speak HTTP', cause)
  if (cause instanceof errors.HeadersOverflowError)
    return peerFault(peer, 'too-long', 'sent headers that are too large', cause)
  if (cause instanceof errors.ResponseContentLengthMismatchError)
    return peerFault(peer, 'wrong-length', 'sent a body of another length than it declared', cause)
  if (options.begun && cause instanceof errors.SocketError)
    return peerFault(peer, 'cut-off', 'closed the connection within its response', cause)
  if (isExhausted(cause)) return storageError(cause, { ...peer })
  const why =
    tlsTrouble(cause) ??
    (errnoOf(cause) || (cause instanceof Error ? cause.message : String(cause)))
  return new GroveError(
    'peer-unreachable',
    { ...peer },
    { message: `${peer.address} cannot be reached: ${why}`, cause },
  )
}

/** The reason of an aborted signal if that is a GroveError, otherwise `aborted`. */
function abortReason(signal: AbortSignal): GroveError {
  return signal.reason instanceof GroveError
    ? signal.reason
    : new GroveError('aborted', {}, { cause: signal.reason, message: 'the request was aborted' })
}
