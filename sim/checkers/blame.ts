import type { GroveNode } from '../../src/node/node.ts'

/** Honest peers whose record says that they lied: nobody's lie may be laid at another's door. */
export function wrongBlame({ config, peers }: GroveNode, honest: readonly string[]): string[] {
  const found: string[] = []
  for (const peerId of honest) {
    const { claimsBroken, bytesBad, lastError } = peers.record(peerId)
    const why = lastError === undefined ? '' : ` (${lastError.message})`
    if (claimsBroken > 0) found.push(`${config.self.peerId} blames ${peerId} for ${claimsBroken} broken claims${why}`)
    if (bytesBad > 0) found.push(`${config.self.peerId} blames ${peerId} for ${bytesBad} bad bytes${why}`)
  }
  return found
}
