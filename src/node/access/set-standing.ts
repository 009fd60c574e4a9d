import { GroveError } from '../../core/errors.ts'
import { isKeyId } from '../../core/identity/ed25519.ts'
import { parseEndpoint, tidyAddress, withScheme } from '../../core/peers/endpoint.ts'
import type { StandingRequest } from '../../core/wire/access.ts'
import type { ReadContext } from '../context.ts'
import type { Access } from './access.ts'

/** What is printed of an id where room is scarce, or more of it. */
const SHORTENED_ID = /^ed25519:[0-9a-f]{8,63}$/

type StandingContext = Pick<ReadContext, 'gossip' | 'config'> & { readonly access: Access }

/**
 * Says something of the grove that the operator named by its id or by an address where this one
 * knows it, and returns by what it is listed. Throws `usage-error` for what names no grove, for
 * this one, and for who can't be trusted; `not-found` to take back what was not said.
 */
export async function setStanding(
  node: StandingContext,
  { peer, ...said }: StandingRequest,
): Promise<string> {
  const { access } = node
  const { subject, address } = subjectOf(node, peer.trim(), said.standing)
  const listed = [...new Set([subject, address])].filter(
    (each) => access.standings.of(each) !== undefined,
  )
  if (said.standing !== 'none') await access.standings.say(subject, said)
  else if (listed.length === 0)
    throw new GroveError('not-found', { peer }, { message: notListed(subject) })
  // An address that was blocked before its key was known is taken back with it.
  else for (const each of listed) await access.standings.say(each, said)
  return subject
}

/** By what a grove is listed that was named, and the address that this may have been. */
function subjectOf(node: StandingContext, named: string, standing: StandingRequest['standing']) {
  const { access, gossip, config } = node
  const isTrust = standing === 'trusted'
  const written = SHORTENED_ID.test(named) && !isTrust ? fullId(node, named) : named
  const address = tidyAddress(withScheme(written))
  const keyThere = isKeyId(written) ? written : gossip.peer(address)?.peerId
  const known = isKeyId(keyThere) ? keyThere : address
  // A key that was given up can be blocked by itself: it may have been stolen.
  const subject = isTrust ? access.rotations.presentOf(known) : known
  if (standing !== 'none' && [subject, address].some((each) => isOwn(config, each)))
    throw new GroveError('usage-error', { peer: named }, { message: own(written) })
  if (isTrust && !isKeyId(subject))
    throw new GroveError('usage-error', { peer: named }, { message: noKey(named) })
  if (!isKeyId(subject) && !namesGrove(node, address))
    throw new GroveError('usage-error', { peer: named }, { message: noGrove(named) })
  return { subject, address }
}

const isOwn = ({ self }: StandingContext['config'], named: string): boolean =>
  named === self.peerId || named === tidyAddress(self.address)

/** Whether it is an address, the id of a peer without a key, or listed already. */
function namesGrove({ access, gossip }: StandingContext, named: string): boolean {
  if (access.standings.of(named) !== undefined) return true
  if (/^(http:\/\/)?ed25519:/.test(named)) return false
  return parseEndpoint(named) !== undefined || gossip.peers().some((one) => one.peerId === named)
}

/** The one id that begins so, of those that this grove knows. Throws `usage-error`. */
function fullId({ access, gossip }: StandingContext, start: string): string {
  const known = [
    ...access.keys.all().keys(),
    ...access.invites.list().flatMap(({ usedBy, refused }) => [...usedBy, ...refused.map(idOf)]),
    ...gossip.peers().map(idOf),
  ]
  const found = [...new Set(known.filter((id) => isKeyId(id) && id.startsWith(start)))]
  if (found.length === 1 && found[0] !== undefined) return found[0]
  const count = found.length === 0 ? 'no id' : `${found.length} ids`
  const message = `${start} begins ${count} that this grove knows: give all 64 digits`
  throw new GroveError('usage-error', { peer: start }, { message })
}

const idOf = ({ peerId }: { readonly peerId: string }): string => peerId

const noKey = (peer: string): string =>
  `no key is known of ${peer}, and a grove is trusted by its key: ` +
  'give its id, which `grove identity` prints there (ed25519:…)'

const noGrove = (peer: string): string =>
  `${peer} is neither the id of a grove (ed25519: and 64 digits) nor an address (http://host:port)`

const own = (peer: string): string => `${peer} is this grove itself: name another one`

const notListed = (peer: string): string =>
  `${peer} is neither trusted nor blocked here: \`grove peers standings\` lists who is`
