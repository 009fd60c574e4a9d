import type { KeyId } from '../../src/core/identity/ed25519.ts'
import { leafAddress } from '../../src/core/peers/leaf.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import type { GroveNode } from '../../src/node/node.ts'

/** What the checker needs of a machine. */
interface Placed {
  readonly name: string
  readonly isLeaf: boolean
  readonly key: { readonly peerId: KeyId } | undefined
  readonly node:
    | {
        readonly leaf: Pick<GroveNode['leaf'], 'isLeaf' | 'hubs'>
        readonly transport: { readonly leaves?: { connected(): PeerAddress[] } | undefined }
      }
    | undefined
}

/**
 * Groves that nobody can dial and that hold no line to a hub, or don't know it; groves that believe
 * it though others can dial them; and lines at hubs that are not their leaf's.
 */
export function linesAmiss(machines: readonly Placed[]): string[] {
  const found: string[] = []
  const keys = new Set(machines.filter(({ isLeaf }) => isLeaf).map(({ key }) => key?.peerId))
  if (keys.size === 0) return found
  const held = new Set<string>()
  for (const { name, node, isLeaf } of machines) {
    if (node === undefined) continue
    if (node.leaf.isLeaf !== isLeaf)
      found.push(`${name} ${isLeaf ? 'does not know' : 'believes'} that nobody can dial it`)
    for (const { peerId, address } of node.transport.leaves?.connected() ?? []) {
      held.add(peerId)
      if (address !== leafAddress(peerId)) found.push(`${name} calls ${peerId} at ${address}`)
    }
  }
  for (const { name, node, isLeaf, key } of machines) {
    if (!isLeaf || node === undefined) continue
    if (node.leaf.hubs().length === 0 || !held.has(key?.peerId ?? ''))
      found.push(`${name} holds no line to a hub`)
  }
  return found
}
