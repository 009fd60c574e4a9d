import { isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { GossipMessage, ShuffleRequest } from '../../core/wire/gossip.ts'
import { noteGossipFailure, noteTwin } from './contact.ts'
import { askWhoIsThere, type SamplingContext } from './sampling.ts'

/** Exchanges digests with a peer. */
export function exchangeWith(
  node: SamplingContext,
  peer: PeerAddress,
  message: GossipMessage,
): Promise<void> {
  return contact(node, peer, async () => {
    const answer = await node.transport.exchange(peer, message, { signal: node.closing })
    noteTwin(node, peer, answer.message)
    node.tell({ type: 'exchange-answered', peer, ...answer })
  })
}

/** Swaps known peers with a peer. */
export function shuffleWith(
  node: SamplingContext,
  peer: PeerAddress,
  request: ShuffleRequest,
): Promise<void> {
  return contact(node, peer, async () => {
    const response = await node.transport.shuffle(peer, request, { signal: node.closing })
    node.tell({ type: 'shuffle-answered', peer, response })
  })
}

/** Asks a peer who else is there. */
export function sampleOf(node: SamplingContext, peer: PeerAddress, most: number): Promise<void> {
  return contact(node, peer, () => askWhoIsThere(node, peer, most))
}

async function contact(
  node: SamplingContext,
  peer: PeerAddress,
  talk: () => Promise<void>,
): Promise<void> {
  try {
    await talk()
    if (node.gossip.peer(peer.address)?.misnamed !== true) node.seedWatch.answered(peer)
  } catch (error) {
    if (!isGroveError(error)) throw error
    if (node.closing.aborted) return
    const { code, message: reason } = error
    node.log.debug('peer did not answer gossip', { ...peer, code, reason })
    noteGossipFailure(node, peer, error)
  }
}
