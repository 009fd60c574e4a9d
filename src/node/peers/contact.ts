import { GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { NodeContext } from '../context.ts'

/** A peer that was asked in vain, and why. */
export interface FailedAttempt {
  readonly peer: PeerAddress
  readonly error: GroveError
}

/** Failures that prove that a peer does not keep to the protocol. */
const FAULTS = new Set([
  'peer-fault',
  'peer-too-slow',
  'fetch-bad-bytes',
  'manifest-invalid',
  'manifest-unknown-field',
  'manifest-not-canonical',
  'manifest-too-large',
])
/** Answers that say no, but are answers. */
const REFUSALS = new Set(['absent', 'gone', 'refused', 'busy', 'too-large'])

/** Asks a peer something; whether it answered, and how, is remembered. Throws what the call throws. */
export async function ask<T>(
  node: NodeContext,
  peer: PeerAddress,
  call: () => Promise<T>,
): Promise<T> {
  try {
    const answer = await call()
    answered(node, peer)
    return answer
  } catch (error) {
    noteFailure(node, peer, error)
    throw error
  }
}

/** Remembers why a peer failed: a fault is its own, being out of reach (or out of bounds) need not be, and a refusal is an answer. */
export function noteFailure(
  node: NodeContext,
  peer: PeerAddress,
  error: unknown,
  badBytes = 0,
): void {
  if (!isGroveError(error)) return
  if (REFUSALS.has(error.code)) answered(node, peer)
  else if (FAULTS.has(error.code)) {
    node.peers.fault(peer.address, error, badBytes)
    node.log.warn('peer fault', { ...peer, code: error.code, reason: error.message })
    node.events.publish({
      type: 'peer-fault',
      peerId: peer.peerId,
      code: error.code,
      message: error.message,
    })
    tellKnown(node, peer, 'contact-failed')
  } else if (error.code === 'peer-unreachable' || error.code === 'address-refused') {
    node.peers.fault(peer.address, error)
    tellKnown(node, peer, 'contact-failed')
  }
}

function answered(node: NodeContext, peer: PeerAddress): void {
  tellKnown(node, peer, 'contact-made')
}

/** A peer that was only named for one fetch does not thereby enter the view. */
function tellKnown(
  node: NodeContext,
  peer: PeerAddress,
  type: 'contact-made' | 'contact-failed',
): void {
  if (node.gossip.peer(peer.peerId) !== undefined) node.tell({ type, peer })
}

/** Who was asked in vain, by address, and what each said, as `failureOf` put it into an error. */
export function failedAttempts(error: GroveError): { address: string; code: string }[] {
  const asked = error.details['peersAsked']
  return Array.isArray(asked) ? (asked as { address: string; code: string }[]) : []
}

/** What of several failures tells a caller most, first to last; what is not named here comes before them all. */
const TELLING = [
  'too-large',
  'fetch-incomplete',
  'peer-fault',
  'peer-too-slow',
  'refused',
  'gone',
  'busy',
  'absent',
  'peer-unreachable',
  'address-refused',
]

/** One error for attempts that all failed: the most telling one, with `peersAsked`; `absent` where nobody could be asked. */
export function failureOf(
  attempts: readonly FailedAttempt[],
  what: Readonly<Record<string, unknown>>,
): GroveError {
  const peersAsked = attempts.map(({ peer, error }) => ({
    ...peer,
    code: error.code,
    message: error.message,
  }))
  const [worst] = attempts.toSorted(
    (a, b) => TELLING.indexOf(a.error.code) - TELLING.indexOf(b.error.code),
  )
  const named = Object.values(what).join(' ')
  if (worst === undefined)
    return new GroveError(
      'absent',
      { ...what, peersAsked },
      { message: `no peer to ask for ${named}` },
    )
  const message =
    worst.error.code === 'absent'
      ? `no peer has ${named}: asked ${peersAsked.map(({ address }) => address).join(', ')}`
      : worst.error.message
  const details = { ...worst.error.details, ...what, peersAsked }
  return new GroveError(worst.error.code, details, { message, cause: worst.error })
}
