import { type ErrorCode, GroveError, isGroveError } from '../../core/errors.ts'
import { tidyAddress } from '../../core/peers/endpoint.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { PeersContext } from '../context.ts'

/** A peer that was asked in vain, and why. */
export interface FailedAttempt {
  readonly peer: PeerAddress
  readonly error: GroveError
}

/**
 * Asks a peer something and remembers how it answered, unless the signal ended the call: that says
 * nothing about the peer. Throws what the call throws.
 */
export async function ask<T>(
  node: PeersContext,
  peer: PeerAddress,
  signal: AbortSignal,
  call: () => Promise<T>,
): Promise<T> {
  try {
    const answer = await call()
    noteAnswer(node, peer)
    tellKnown(node, peer, 'contact-made')
    return answer
  } catch (error) {
    if (!signal.aborted) noteFailure(node, peer, error)
    throw error
  }
}

/** Remembers that a peer answered as a grove. */
export function noteAnswer(node: PeersContext, peer: PeerAddress): void {
  node.seedWatch.answered(peer)
  node.peers.answered(peer.address)
}

/** Remembers a failed call by whose doing it was; `badBytes` of what the peer sent were wrong. */
export function noteFailure(
  node: PeersContext,
  peer: PeerAddress,
  error: unknown,
  badBytes = 0,
): void {
  if (!isGroveError(error)) return
  switch (error.kind.blame) {
    case 'self':
      return
    case 'none':
      if (answersAsGrove(error)) {
        noteAnswer(node, peer)
        tellKnown(node, peer, 'contact-made')
        return
      }
      // A 0.1 server answers so where it has no such route.
      if (error.code !== 'refused' && node.gossip.peer(peer.address)?.answered === true) return
      break
    case 'peer':
      tellFault(node, peer, error)
      break
    case 'network':
      break
  }
  node.peers.fault(peer.address, error, badBytes)
  node.seedWatch.failed(peer, error)
  tellKnown(node, peer, 'contact-failed')
}

/**
 * Remembers that gossip with a peer failed. Only what the network can't have done goes on its
 * record. Gossip calls everybody all the time, whether it answers or not: were lost messages held
 * against a peer, a lossy network would have every grove distrust all others, and a host that comes
 * back would be avoided for having been away. Its liveness tells that, and is mended by one answer.
 */
export function noteGossipFailure(node: PeersContext, peer: PeerAddress, error: GroveError): void {
  const { blame } = error.kind
  node.seedWatch.failed(peer, error)
  if (blame === 'none') node.peers.fault(peer.address, error)
  if ((blame === 'peer' || blame === 'network') && !mayBeNetwork(error)) {
    if (blame === 'peer') tellFault(node, peer, error)
    node.peers.fault(peer.address, error)
  }
  node.tell({ type: 'contact-failed', peer })
}

/** Remembers that another grove answered where the operator expects this one. */
export function noteWrongId(node: PeersContext, peer: PeerAddress, answeredAs: string): void {
  const { peerId, address } = peer
  const message = `${address} answered as ${answeredAs}, not as ${peerId}`
  const error = new GroveError(
    'peer-fault',
    { ...peer, fault: 'wrong-id', answeredAs },
    { message },
  )
  tellFault(node, peer, error)
  node.peers.fault(address, error)
  node.seedWatch.failed(peer, error)
}

/**
 * Tells of another grove that answers with the id of this one: one directory is a copy of the
 * other. Gossip takes such a peer for this grove itself and forgets it, so that it would not show.
 */
export function noteTwin(node: PeersContext, { address }: PeerAddress, answer: PeerAddress): void {
  const { self } = node.config
  if (answer.peerId !== self.peerId) return
  if (tidyAddress(answer.address) === tidyAddress(self.address)) return
  const message =
    `the grove at ${address} has the id of this one, and so is no peer of it: one directory is a ` +
    'copy of the other; serve one of them from a new directory instead, with the other as its peer'
  tellFault(node, { peerId: self.peerId, address }, new GroveError('peer-fault', {}, { message }))
}

/**
 * Whether a refusal came from a grove that takes part. What refuses everything, or isn't worded as
 * a grove words it, shows no grove.
 */
function answersAsGrove({ code, details }: GroveError): boolean {
  return code !== 'refused' && details['foreign'] !== true
}

/** Whether the network may have done it. It does not redirect, nor make an address forbidden. */
export function mayBeNetwork({ kind, code, details }: GroveError): boolean {
  if (kind.blame === 'network') return kind.retryable
  return code === 'peer-too-slow' || details['fault'] === 'cut-off'
}

function tellFault(node: PeersContext, peer: PeerAddress, error: GroveError): void {
  const { code, message } = error
  node.faultLog.note(peer, error)
  // Of an address where no grove was seen, anybody could learn by this what is there.
  if (!isAcquainted(node, peer)) return
  node.events.publish({ type: 'peer-fault', peerId: peer.peerId, code, message })
}

/** Whether a peer has answered as a grove, or is a seed or this grove itself. */
function isAcquainted(node: PeersContext, { peerId, address }: PeerAddress): boolean {
  const known = node.gossip.peer(address)
  if (known?.seed === true || known?.answered === true) return true
  const { self, seeds } = node.config
  return peerId === self.peerId || seeds.some((seed) => seed.address === address)
}

/** A peer that was only named for one fetch does not thereby enter the view. */
function tellKnown(
  node: PeersContext,
  peer: PeerAddress,
  type: 'contact-made' | 'contact-failed',
): void {
  if (node.gossip.peer(peer.peerId) !== undefined) node.tell({ type, peer })
}

/** The peers that were asked in vain, by address, with their answers, as `failureOf` lists them. */
export function failedAttempts(error: GroveError): AskedInVain[] {
  const asked = error.details['peersAsked']
  return Array.isArray(asked) ? (asked as AskedInVain[]) : []
}

/** A peer that was asked in vain, as errors name it. */
interface AskedInVain extends PeerAddress {
  readonly code: string
  readonly message: string
  /** Whether what answered is no grove. */
  readonly foreign?: true
}

/**
 * Which of several failures tells a caller most, first to last. A failure that is not listed comes
 * before all of these: it proves something about the bytes.
 */
const TELLING: readonly ErrorCode[] = [
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

/**
 * One error for attempts that all failed: the most telling one, with `peersAsked`; `absent` where
 * there was nobody to ask.
 */
export function failureOf(
  attempts: readonly FailedAttempt[],
  what: Readonly<Record<string, unknown>>,
): GroveError {
  const peersAsked = attempts.map(({ peer, error }) => ({
    ...peer,
    code: error.code,
    message: error.message,
    ...(error.details['foreign'] === true && { foreign: true }),
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
  const message = worst.error.code === 'absent' ? absence(attempts, named) : worst.error.message
  const details = { ...worst.error.details, ...what, peersAsked }
  return new GroveError(worst.error.code, details, { message, cause: worst.error })
}

/** That nobody has it. What answers otherwise than a grove does is told apart from groves. */
function absence(attempts: readonly FailedAttempt[], named: string): string {
  const at = (isGrove: boolean) =>
    attempts
      .filter(({ error }) => (error.details['foreign'] !== true) === isGrove)
      .map(({ peer }) => peer.address)
      .join(', ')
  const [asked, others] = [at(true), at(false)]
  if (asked === '') return `no grove answers at ${others}, so nobody was asked for ${named}`
  const noGroves = others === '' ? '' : `; no grove answers at ${others}`
  return `no peer has ${named}: asked ${asked}${noGroves}`
}
