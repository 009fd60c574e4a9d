import { type HttpAnswer, jsonAnswer } from '../../sim/network/http.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import type { DigestEntry, GossipMessage } from '../../src/core/wire/gossip.ts'
import { type Misbehave, send } from './peer.ts'

/** A gossip message in this peer's name. */
export function messageOf(
  { peerId, address }: PeerAddress,
  frontier: readonly DigestEntry[] = [],
): GossipMessage {
  return {
    peerId,
    address,
    frontier: [...frontier],
    load: { queueDepth: 0 },
    capabilities: { federation: 2 },
    timestamp: '2026-01-01T00:00:00.000Z',
  }
}

/** Answers exchanges with this digest, and shuffles with no peers; undefined for other paths. */
export function gossipAnswer(
  peer: PeerAddress,
  digest: readonly DigestEntry[],
  path: string | undefined,
): HttpAnswer | undefined {
  if (path === '/api/gossip/exchange') return jsonAnswer(messageOf(peer, digest))
  return path === '/api/gossip/shuffle' ? jsonAnswer({ offered: [] }) : undefined
}

/** The same over sockets, for a peer at any address. */
export function gossiping(peerId: string, digest: () => readonly DigestEntry[]): Misbehave {
  return (request, response) => {
    const address = `http://${request.headers.host}`
    request.resume()
    const answer = gossipAnswer({ peerId, address }, digest(), request.url)
    if (answer !== undefined) void send(response, answer)
    return answer !== undefined
  }
}
