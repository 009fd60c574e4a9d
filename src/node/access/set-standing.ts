import { GroveError } from '../../core/errors.ts'
import { isKeyId } from '../../core/identity/ed25519.ts'
import { tidyAddress, withScheme } from '../../core/peers/endpoint.ts'
import type { StandingRequest } from '../../core/wire/access.ts'
import type { ReadContext } from '../context.ts'
import type { Access } from './access.ts'

/**
 * Says something of the grove that the operator named by its id or by an address where this one
 * knows it, and returns by what it is listed. Throws `usage-error` for who can't be trusted.
 */
export async function setStanding(
  { access, gossip }: Pick<ReadContext, 'gossip'> & { readonly access: Access },
  { peer, ...said }: StandingRequest,
): Promise<string> {
  const named = peer.trim()
  const address = tidyAddress(withScheme(named))
  const keyThere = isKeyId(named) ? named : gossip.peer(address)?.peerId
  const known = isKeyId(keyThere) ? keyThere : address
  // A key that was given up can be blocked by itself: it may have been stolen.
  const subject = said.standing === 'trusted' ? access.rotations.presentOf(known) : known
  if (said.standing === 'trusted' && !isKeyId(subject))
    throw new GroveError('usage-error', { peer }, { message: noKey(named) })
  await access.standings.say(subject, said)
  // An address that was blocked before its key was known is taken back with it.
  if (said.standing === 'none' && subject !== address) await access.standings.say(address, said)
  return subject
}

const noKey = (peer: string): string =>
  `no key is known of ${peer}, and a grove is trusted by its key: ` +
  'give its id, which `grove identity` prints there (ed25519:…)'
