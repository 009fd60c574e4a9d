import { isGroveError } from '../../core/errors.ts'
import { isKeyId } from '../../core/identity/ed25519.ts'
import { leadsTo } from '../../core/identity/rotation.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { AdmitContext, PeersContext, ReadContext } from '../context.ts'
import { noteWrongId } from './contact.ts'

type CheckContext = PeersContext & Pick<AdmitContext, 'closing'> & Pick<ReadContext, 'hubs'>

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
  if (!(await hasBecome(node, seed, answeredAs))) {
    if (!node.closing.aborted) noteWrongId(node, seed, answeredAs)
    return
  }
  // Of a grove that was joined nobody wrote the id.
  const isJoined = node.hubs.list().some(({ peerId }) => peerId === seed.peerId)
  const remedy = isJoined ? {} : { remedy: `write ${answeredAs}@${seed.address} instead` }
  node.log.warn('a seed has another key than it had', { ...seed, now: answeredAs, ...remedy })
  node.tell({ type: 'seed-renamed', peer: { peerId: answeredAs, address: seed.address } })
}

/**
 * Whether that is what became of the seed. A key that the operator wrote has to name its successor.
 * An id of the time without keys proved nothing either, so the grove's own word is enough.
 */
async function hasBecome(
  { transport, closing }: CheckContext,
  seed: PeerAddress,
  answeredAs: string,
): Promise<boolean> {
  try {
    const { peerId, formerly, rotations } = await transport.identity(seed, { signal: closing })
    if (peerId !== answeredAs) return false
    return isKeyId(seed.peerId) ? leadsTo(seed.peerId, peerId, rotations) : formerly === seed.peerId
  } catch (error) {
    if (!isGroveError(error)) throw error
    return false
  }
}
