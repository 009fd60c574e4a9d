import { isGroveError } from '../../core/errors.ts'
import { isKeyId } from '../../core/identity/ed25519.ts'
import { leadsTo } from '../../core/identity/rotation.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Rotations } from '../access/rotations.ts'
import type { AdmitContext, PeersContext, ReadContext } from '../context.ts'
import { mayBeNetwork, noteWrongId } from './contact.ts'

type CheckContext = PeersContext &
  Pick<AdmitContext, 'closing'> &
  Pick<ReadContext, 'hubs'> & {
    readonly access: { readonly rotations: Pick<Rotations, 'learn' | 'presentOf'> }
  }

/**
 * Another id answered at a seed's address than the operator wrote. If the grove there has another
 * key since, or has got its first one, it is expected by that id from now on; otherwise it is told
 * of as the wrong one.
 */
export async function checkOtherId(
  node: CheckContext,
  seed: PeerAddress,
  answeredAs: string,
): Promise<void> {
  const isSame = await hasBecome(node, seed, answeredAs)
  if (isSame !== true) {
    if (isSame === false && !node.closing.aborted) noteWrongId(node, seed, answeredAs)
    return
  }
  // Of a grove that was joined nobody wrote the id.
  const isJoined = node.hubs.list().some(({ peerId }) => peerId === seed.peerId)
  const remedy = isJoined ? {} : { remedy: `write ${answeredAs}@${seed.address} instead` }
  node.log.warn('a seed has another key than it had', { ...seed, now: answeredAs, ...remedy })
  node.tell({ type: 'seed-renamed', peer: { peerId: answeredAs, address: seed.address } })
}

/** Seeds that are known to have another key than was written are expected under that one. */
export function renameSeeds(node: CheckContext): void {
  for (const { peerId, address } of node.config.seeds) {
    const present = node.access.rotations.presentOf(peerId)
    if (present !== peerId) node.tell({ type: 'seed-renamed', peer: { peerId: present, address } })
  }
}

/**
 * Whether that is what became of the seed. A key that the operator wrote has to name its successor.
 * An id of the time without keys proved nothing either, so the grove's own word is enough.
 * Undefined where the network may have kept the answer away: a lost message makes no seed the wrong
 * one.
 */
async function hasBecome(
  { transport, closing, access, seedWatch }: CheckContext,
  seed: PeerAddress,
  answeredAs: string,
): Promise<boolean | undefined> {
  try {
    const { peerId, formerly, rotations } = await transport.identity(seed, { signal: closing })
    if (peerId !== answeredAs) return false
    if (!isKeyId(seed.peerId)) return formerly === seed.peerId
    if (!leadsTo(seed.peerId, peerId, rotations)) return false
    await access.rotations.learn(rotations, seed.peerId)
    return access.rotations.presentOf(seed.peerId) === peerId
  } catch (error) {
    if (!isGroveError(error)) throw error
    if (!mayBeNetwork(error)) return false
    seedWatch.failed(seed, error)
    return undefined
  }
}
