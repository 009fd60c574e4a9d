import { isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { GossipMessage, ShuffleRequest } from '../../core/wire/gossip.ts'
import { noteAnswer, noteGossipFailure, noteTwin } from './contact.ts'
import { dialable } from './leaf.ts'
import { askWhoIsThere, type SamplingContext } from './sampling.ts'

/** Exchanges with one peer that may be under way at once: they bring news. Of others one may be. */
const EXCHANGES_AT_ONCE = 4

type GossipCall = 'exchange' | 'shuffle' | 'sample'

/**
 * The calls that are under way. Rounds begin at their pace, however long peers take to answer: were
 * those who are slow called in each, calls would pile up until nobody gets an answer in time. What
 * is left out is said or asked in a later round.
 */
export class CallsUnderWay {
  readonly #counts = new Map<string, number>()

  /** Makes a call, unless as many of its kind to this peer are under way. */
  async run(kind: GossipCall, { address }: PeerAddress, call: () => Promise<void>): Promise<void> {
    const key = `${kind} ${address}`
    const count = this.#counts.get(key) ?? 0
    if (count >= (kind === 'exchange' ? EXCHANGES_AT_ONCE : 1)) return
    this.#counts.set(key, count + 1)
    try {
      await call()
    } finally {
      const left = (this.#counts.get(key) ?? 1) - 1
      if (left > 0) this.#counts.set(key, left)
      else this.#counts.delete(key)
    }
  }
}

type GossipContext = SamplingContext & { readonly gossipCalls: CallsUnderWay }

/** Exchanges digests with a peer. */
export function exchangeWith(
  node: GossipContext,
  peer: PeerAddress,
  message: GossipMessage,
): Promise<void> {
  return contact(node, 'exchange', peer, async () => {
    const told = node.leaf.told(message)
    const answer = await node.transport.exchange(peer, told, { signal: node.closing })
    noteTwin(node, peer, answer.message)
    node.tell({ type: 'exchange-answered', peer, ...answer })
  })
}

/** Swaps known peers with a peer. */
export function shuffleWith(
  node: GossipContext,
  peer: PeerAddress,
  request: ShuffleRequest,
): Promise<void> {
  return contact(node, 'shuffle', peer, async () => {
    const told = { sender: node.leaf.told(request.sender), offered: dialable(request.offered) }
    const response = await node.transport.shuffle(peer, told, { signal: node.closing })
    node.tell({ type: 'shuffle-answered', peer, response })
  })
}

/** Asks a peer who else is there. */
export function sampleOf(node: GossipContext, peer: PeerAddress, most: number): Promise<void> {
  return contact(node, 'sample', peer, () => askWhoIsThere(node, peer, most))
}

function contact(
  node: GossipContext,
  kind: GossipCall,
  peer: PeerAddress,
  talk: () => Promise<void>,
): Promise<void> {
  return node.gossipCalls.run(kind, peer, () => noted(node, peer, talk))
}

async function noted(
  node: SamplingContext,
  peer: PeerAddress,
  talk: () => Promise<void>,
): Promise<void> {
  try {
    await talk()
    if (node.gossip.peer(peer.address)?.misnamed !== true) noteAnswer(node, peer)
  } catch (error) {
    if (!isGroveError(error)) throw error
    if (node.closing.aborted) return
    const { code, message: reason } = error
    node.log.debug('peer did not answer gossip', { ...peer, code, reason })
    noteGossipFailure(node, peer, error)
  }
}
