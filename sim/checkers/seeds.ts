import type { PeerAddress } from '../../src/core/peers/peer.ts'
import type { GroveNode } from '../../src/node/node.ts'

/** The configured seeds of a grove that it does not know by their own ids at their addresses. */
export function misplacedSeeds(
  { config, gossip }: Pick<GroveNode, 'config' | 'gossip'>,
  honest: readonly PeerAddress[],
): string[] {
  const known = new Map(gossip.peers().map(({ address, peerId }) => [address, peerId]))
  return config.seeds.flatMap(({ address }) => {
    const seed = honest.find((peer) => peer.address === address)
    const peerId = known.get(address)
    return seed === undefined || peerId === seed.peerId
      ? []
      : [`${config.self.peerId} knows its seed ${seed.peerId} as ${peerId}`]
  })
}
