import { mapBounded } from '../../concurrency/semaphore.ts'
import type { Cid } from '../../core/cid.ts'
import { ABOUT } from '../../core/contribution/relation.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import { withScheme } from '../../core/peers/endpoint.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { withoutSlashes } from '../../core/text.ts'
import type { Provenance } from '../../ports/contribution-store.ts'
import type { PeersContext } from '../context.ts'
import { saidInTurns } from '../read/said-in-turns.ts'
import { readEach } from '../read-each.ts'
import { ask, type FailedAttempt } from './contact.ts'

/** Live peers asked at once whether they hold something (BEHAVIOUR.md#fetch). */
const ASKED_AT_ONCE = 8
/** How long the others are waited for when a peer has said that it holds something. */
const OTHERS_MS = 250
/** Contributions that name what is sought, whose senders are likely to hold it. */
const NAMERS_MAX = 32

/** The peer of an address or id. Throws `address-refused`, and `not-found` for an unknown id. */
export function namedPeer(node: PeersContext, text: string): PeerAddress {
  const peer = withScheme(text)
  const known = node.gossip.peer(peer)
  if (known !== undefined) return { peerId: known.peerId, address: known.address }
  const seed = node.config.seeds.find(({ peerId, address }) => peerId === peer || address === peer)
  if (seed !== undefined) return seed
  if (!/^https?:\/\//i.test(peer))
    throw new GroveError('not-found', { peer }, { message: `no peer is known by the id ${peer}` })
  node.transport.checkAddress(peer)
  const address = withoutSlashes(peer)
  const same = node.gossip.peer(address)
  return same === undefined ? { peerId: address, address } : { peerId: same.peerId, address }
}

/** Who is on this machine asks for this peer, by its address or id. */
export function expectNamed(node: PeersContext, text: string): void {
  const peer = withScheme(text)
  node.transport.expectNamed(node.gossip.peer(peer)?.address ?? peer)
}

/**
 * Throws `address-refused` for a peer that this grove doesn't know. Callers on other machines may
 * name known ones only: others they could have it call, to learn from its errors what is there.
 */
export function refuseStranger(node: PeersContext, text: string): void {
  const peer = withScheme(text)
  const isSeed = node.config.seeds.some((seed) => seed.peerId === peer || seed.address === peer)
  const known = node.gossip.peer(peer)
  if (isSeed || known?.seed === true || known?.answered === true) return
  throw new GroveError(
    'address-refused',
    { peer },
    { message: 'only a peer that this grove knows may be named from another machine' },
  )
}

/**
 * Peers likely to have it, the likeliest first: those that advertised it, sent it, or sent what
 * names it.
 */
export async function likelyProviders(node: PeersContext, cid: Cid): Promise<PeerAddress[]> {
  const advertisers = node.peers.order(node.gossip.providersOf(cid))
  const said = await saidInTurns(node, cid, ABOUT, NAMERS_MAX)
  const namers = new Set(said.map(({ source }) => source).slice(0, NAMERS_MAX))
  const senders: PeerAddress[] = []
  for await (const { provenance } of readEach(node, [cid, ...namers]))
    senders.push(...senderOf(node, provenance))
  return unique(node, [...advertisers, ...senders])
}

/** Peers that promised this stub and are still known. */
export async function promisers(node: PeersContext, cid: Cid): Promise<PeerAddress[]> {
  const stub = await node.stubs.stub(cid)
  return (stub?.promisedBy ?? []).flatMap((peerId) => node.gossip.peer(peerId) ?? [])
}

/**
 * Live peers that say they hold it: the first that does, and those that say so soon after. Nobody
 * else is waited for then. The refusals of others are added to `attempts`.
 */
export async function probe(
  node: PeersContext,
  cid: Cid,
  asked: readonly PeerAddress[],
  options: { signal: AbortSignal; attempts?: FailedAttempt[] },
): Promise<PeerAddress[]> {
  const tried = new Set(asked.map((peer) => peer.address))
  const candidates = unique(node, node.peers.order(node.askable())).filter(
    (peer) => !tried.has(peer.address) && !saidAbsent(node, cid, peer, options.attempts),
  )
  const holders = new Set<PeerAddress>()
  const enough = new AbortController()
  let cancel = () => {}
  await mapBounded(candidates, ASKED_AT_ONCE, async (peer, ended) => {
    if (holders.size > 0) return
    const signal = AbortSignal.any([options.signal, ended, enough.signal])
    try {
      if (!(await holds(node, peer, cid, { ...options, signal }))) return
    } catch (error) {
      if (enough.signal.aborted && !options.signal.aborted && !ended.aborted) return
      throw error
    }
    if (holders.size === 0) cancel = node.clock.after(OTHERS_MS, () => enough.abort())
    holders.add(peer)
  }).finally(() => cancel())
  return candidates.filter((peer) => holders.has(peer))
}

/**
 * Whether the peer said lately that it does not have this. It is not asked again: what it said is
 * added to `attempts` as its answer.
 */
export function saidAbsent(
  node: PeersContext,
  cid: Cid,
  peer: PeerAddress,
  attempts: FailedAttempt[] = [],
): boolean {
  if (!node.peers.absences.has(peer.address, cid)) return false
  const message = `${peer.address} said lately that it does not have ${cid}`
  attempts.push({ peer, error: new GroveError('absent', { ...peer, cid }, { message }) })
  return true
}

/** The peers by address, each once, without this grove itself. */
export function unique(node: PeersContext, peers: readonly PeerAddress[]): PeerAddress[] {
  const { self } = node.config
  const byAddress = new Map<string, PeerAddress>()
  for (const { peerId, address } of peers) {
    if (peerId !== self.peerId && address !== self.address && !byAddress.has(address))
      byAddress.set(address, { peerId, address })
  }
  return [...byAddress.values()]
}

async function holds(
  node: PeersContext,
  peer: PeerAddress,
  cid: Cid,
  { signal, attempts }: { signal: AbortSignal; attempts?: FailedAttempt[] },
): Promise<boolean> {
  try {
    if (await ask(node, peer, signal, () => node.transport.holds(peer, cid, { signal })))
      return true
    throw new GroveError(
      'absent',
      { ...peer, cid },
      { message: `${peer.address} does not have ${cid}` },
    )
  } catch (error) {
    if (signal.aborted || !isGroveError(error)) throw error
    if (error.code === 'absent') node.peers.absences.add(peer.address, cid)
    attempts?.push({ peer, error })
    return false
  }
}

function senderOf(node: PeersContext, { peerId, address }: Provenance): PeerAddress[] {
  if (peerId === undefined || address === undefined) return []
  return node.gossip.admits({ peerId, address }) ? [{ peerId, address }] : []
}
