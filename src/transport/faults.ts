import { errors } from 'undici'
import type { Cid } from '../core/cid.ts'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'
import { MANIFEST_MAX_BYTES } from '../core/limits.ts'
import type { PeerAddress } from '../core/peers/peer.ts'

/** How a peer broke the protocol: the `fault` in the details of a `peer-fault`. */
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

/** A `peer-fault`: what this peer did, where. */
export function peerFault(
  peer: PeerAddress,
  fault: FaultKind,
  said: string,
  cause?: unknown,
): GroveError {
  const details = { peerId: peer.peerId, address: peer.address, fault }
  return new GroveError('peer-fault', details, { message: `${peer.address} ${said}`, cause })
}

/** A `peer-too-slow`. */
export function tooSlow(peer: PeerAddress, said: string, cause?: unknown): GroveError {
  return new GroveError('peer-too-slow', { ...peer }, { message: `${peer.address} ${said}`, cause })
}

/** A manifest beyond its limit is refused under its own code, though it is the limit of the body that noticed. */
export function manifestError(error: unknown, cid: Cid): unknown {
  if (!(error instanceof GroveError) || error.details.fault !== 'too-long') return error
  return new GroveError(
    'manifest-too-large',
    { ...error.details, cid, maxBytes: MANIFEST_MAX_BYTES },
    { cause: error },
  )
}

/** What a failed request or a broken body means. `begun`: an answer had begun, so its end was promised. */
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
    return peerFault(peer, 'too-long', 'sent too large a header', cause)
  if (cause instanceof errors.ResponseContentLengthMismatchError)
    return peerFault(peer, 'wrong-length', 'sent another length than it said', cause)
  if (options.begun && cause instanceof errors.SocketError)
    return peerFault(peer, 'cut-off', 'cut its answer off', cause)
  const why = errnoOf(cause) || (cause instanceof Error ? cause.message : String(cause))
  return new GroveError(
    'peer-unreachable',
    { ...peer },
    { message: `${peer.address} cannot be reached: ${why}`, cause },
  )
}

/** Why a signal aborted, as a GroveError: its own reason where that is one, otherwise `aborted`. */
function abortReason(signal: AbortSignal): GroveError {
  return signal.reason instanceof GroveError
    ? signal.reason
    : new GroveError('aborted', {}, { cause: signal.reason })
}
