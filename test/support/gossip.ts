import type { PeerAddress } from '../../src/core/peers/peer.ts'
import type { DigestEntry, GossipMessage } from '../../src/core/wire/gossip.ts'
import { type Misbehave, sendJson } from './peer.ts'

/** A gossip message in this peer's name. */
export function messageOf(
  { peerId, address }: PeerAddress,
  frontier: readonly DigestEntry[],
): GossipMessage {
  return {
    peerId,
    address,
    frontier: [...frontier],
    load: { queueDepth: 0 },
    capabilities: { federation: 2, blobs: 1 },
    timestamp: '2026-01-01T00:00:00.000Z',
  }
}

/** Answers exchanges with this digest, and shuffles with nobody, at whatever address it is asked. */
export function gossiping(peerId: string, digest: () => readonly DigestEntry[]): Misbehave {
  return (request, response) => {
    const address = `http://${request.headers.host}`
    request.resume()
    if (request.url === '/api/gossip/exchange')
      sendJson(response, messageOf({ peerId, address }, digest()))
    else if (request.url === '/api/gossip/shuffle') sendJson(response, { offered: [] })
    else return false
    return true
  }
}
