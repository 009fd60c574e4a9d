import type { PeerAddress } from '../../core/peers/peer.ts'
import { type Random, sample } from '../../core/random.ts'
import type { PeerInfo } from '../../core/wire/gossip.ts'
import type { Offerer } from '../gossip/pending-requests.ts'
import { isAnswering, type Peer } from './liveness.ts'

/**
 * The partial view of who is there: CYCLON (Voulgaris, Gavidia, van Steen 2005), with seeds that are never forgotten.
 * A peer is known by its id; one id has one address and one address one id. What third parties say only adds unknown
 * peers; what is known of a peer changes by direct contact alone.
 */

/** Peers in the view, and peers that travel in one shuffle. */
const ACTIVE_MAX = 10
export const SHUFFLE_SIZE = 5
/** Failed peers remembered, so that hearsay doesn't bring them back, and for how many rounds. */
const FAILED_MAX = 64
export const FAILED_ROUNDS = 100
/** Seeds kept, of those configured and added. */
const SEEDS_MAX = 256
/** A claimed age above this counts as this: no peer can put itself first for ever. */
const AGE_MAX = 100

export interface Membership {
  readonly self: PeerAddress
  /** At most VIEW_SIZE, by id. */
  readonly active: Map<string, Peer>
  /** Seeds that are not in the view, and failed peers, by id. */
  readonly retained: Map<string, Peer>
  /** The configured addresses, never forgotten, and the id that last answered there (at first the configured one). */
  readonly seeds: Map<string, string>
}

/** The address in the form in which addresses are compared: without trailing slashes. */
export function tidyAddress(address: string): string {
  let end = address.length
  while (end > 0 && address[end - 1] === '/') end -= 1
  return address.slice(0, end)
}

/** A membership that knows its seeds only. */
export function createMembership(
  self: PeerAddress,
  seeds: readonly PeerAddress[],
  now: number,
): Membership {
  const tidySelf = { peerId: self.peerId, address: tidyAddress(self.address) }
  const members: Membership = {
    self: tidySelf,
    active: new Map(),
    retained: new Map(),
    seeds: new Map(),
  }
  for (const seed of seeds) addSeed(members, seed, now)
  return members
}

/** Adds a seed; ignored if it is this grove itself, known already, or one too many. */
export function addSeed(members: Membership, seed: PeerAddress, now: number): void {
  const address = tidyAddress(seed.address)
  const peerId = seed.peerId === seed.address ? address : seed.peerId
  if (
    isSelf(members, { peerId, address }) ||
    members.seeds.has(address) ||
    members.seeds.size >= SEEDS_MAX
  )
    return
  const known = findByAddress(members, address) ?? find(members, peerId)
  members.seeds.set(address, known?.peerId ?? peerId)
  if (known === undefined) members.retained.set(peerId, createPeer({ peerId, address }, now))
  reseatSeeds(members)
}

/** Whether these are this grove's own id or address. */
export function isSelf({ self }: Membership, { peerId, address }: PeerAddress): boolean {
  return peerId === self.peerId || tidyAddress(address) === self.address
}

/** The peer of that id, in the view or aside. */
export function find(
  { active: view, retained: aside }: Membership,
  peerId: string,
): Peer | undefined {
  return view.get(peerId) ?? aside.get(peerId)
}

/** The peer at that address, in the view or aside. O(peers known). */
export function findByAddress(members: Membership, address: string): Peer | undefined {
  const wanted = tidyAddress(address)
  for (const peer of members.active.values()) if (peer.address === wanted) return peer
  for (const peer of members.retained.values()) if (peer.address === wanted) return peer
  return undefined
}

/** Whether the peer answers, or last answered, at a configured address. */
export function isSeed({ seeds }: Membership, peer: PeerAddress): boolean {
  for (const peerId of seeds.values()) if (peerId === peer.peerId) return true
  return false
}

/** Who tells something, and whether that one is known to answer at the address that it gives. */
export function offererOf(members: Membership, from: PeerAddress): Offerer {
  const address = tidyAddress(from.address)
  const known = find(members, from.peerId)
  return { peerId: from.peerId, address, proven: isAnswering(known) && known?.address === address }
}

/** Begins a round: everybody is a round older, seeds return where there is room, failures of long ago are forgotten. */
export function agePeers(members: Membership, forgetBefore: number): void {
  for (const peer of members.active.values()) peer.age += 1
  for (const peer of members.retained.values()) {
    if ((peer.suspectedAt ?? 0) < forgetBefore && !isSeed(members, peer))
      members.retained.delete(peer.peerId)
  }
  reseatSeeds(members)
}

/** Takes a peer out of the view. Seeds and failed peers stay known; others are forgotten. */
export function retire(members: Membership, peer: Peer): void {
  members.active.delete(peer.peerId)
  const seed = isSeed(members, peer)
  if (!seed && peer.status !== 'failed') return
  members.retained.set(peer.peerId, peer)
  if (!seed) forgetOldestFailure(members)
}

/** The peer to shuffle with: the oldest that is alive, else the oldest suspect. */
export function oldestActive({ active: view }: Membership): Peer | undefined {
  let found: Peer | undefined
  for (const peer of view.values()) {
    const doubted =
      Number(peer.status !== 'alive') - Number(found !== undefined && found.status !== 'alive')
    if (found === undefined || doubted < 0 || (doubted === 0 && peer.age > found.age)) found = peer
  }
  return found
}

/** Up to `count` peers that may be passed on to `receiver`: alive, and answered at the address that is given. */
export function chooseOffer(
  members: Membership,
  random: Random,
  receiver: string,
  count: number,
): Peer[] {
  const fit = [...members.active.values()].filter(
    (peer) =>
      peer.answered &&
      peer.status === 'alive' &&
      peer.peerId !== receiver &&
      peer.peerId !== peer.address,
  )
  return sample(random, fit, count)
}

/**
 * Takes in the peers of a shuffle: unknown ones fill empty places, then those of `replaceable` (ids, used up in order:
 * what was sent to the other side), then those of peers that failed to answer and never had. One shuffle brings at most
 * SHUFFLE_SIZE, so that it cannot fill a view.
 */
export function absorb(
  members: Membership,
  offered: readonly PeerInfo[],
  replaceable: string[],
  now: number,
): void {
  let taken = 0
  for (const { peerId, address, age } of offered) {
    if (taken >= SHUFFLE_SIZE || !isUnknown(members, { peerId, address })) continue
    if (!makeRoom(members, replaceable)) return
    const peer = createPeer({ peerId, address: tidyAddress(address) }, now)
    members.active.set(peerId, Object.assign(peer, { age: Math.min(age, AGE_MAX) }))
    taken += 1
  }
}

/**
 * The peer that a received message speaks for; undefined where it stays unknown (no room, or not to be believed).
 * A new peer counts as contacted. A known one keeps its address until a contact there fails: anybody can write an id.
 */
export function heardFrom(
  members: Membership,
  from: PeerAddress,
  replaceable: string[],
  now: number,
): Peer | undefined {
  const named = find(members, from.peerId)
  if (named?.status === 'alive') return named
  const address = tidyAddress(from.address)
  const there = findByAddress(members, address)
  if (named !== undefined) {
    if (there === undefined) Object.assign(named, { address, answered: false })
    return named
  }
  if (there !== undefined) return there.peerId === there.address ? there : undefined
  if (!makeRoom(members, replaceable)) return undefined
  const peer = Object.assign(createPeer({ peerId: from.peerId, address }, now), {
    lastContact: now,
  })
  members.active.set(peer.peerId, peer)
  return peer
}

/**
 * The peer that answered at the dialled address under the id that it gave, which is from now on its id. Undefined where
 * it is this grove itself (then the address is forgotten) or where there is no room for it any more.
 */
export function identify(
  members: Membership,
  dialled: PeerAddress,
  peerId: string,
  now: number,
): Peer | undefined {
  const address = tidyAddress(dialled.address)
  const there = findByAddress(members, address)
  if (peerId === members.self.peerId) {
    members.seeds.delete(address)
    if (there !== undefined) remove(members, there)
    return undefined
  }
  if (members.seeds.has(address)) members.seeds.set(address, peerId)
  const named = find(members, peerId)
  if (named !== undefined)
    return named === there ? reseat(members, named) : merge(members, named, there, address)
  if (there !== undefined) return rename(members, there, peerId)
  if (!makeRoom(members, [])) return undefined
  const peer = createPeer({ peerId, address }, now)
  members.active.set(peerId, peer)
  return peer
}

/** The configured addresses with the ids that are known to answer there. */
export function seedTargets(members: Membership): PeerAddress[] {
  return [...members.seeds].map(([address, peerId]) => ({ peerId, address }))
}

function createPeer({ peerId, address }: PeerAddress, now: number): Peer {
  return {
    peerId,
    address,
    age: 0,
    status: 'alive',
    answered: false,
    lastContact: undefined,
    lastSeen: now,
    suspectedAt: undefined,
    capabilities: {},
  }
}

function isUnknown(members: Membership, peer: PeerAddress): boolean {
  return (
    !isSelf(members, peer) &&
    find(members, peer.peerId) === undefined &&
    findByAddress(members, peer.address) === undefined
  )
}

function makeRoom(members: Membership, replaceable: string[]): boolean {
  if (members.active.size < ACTIVE_MAX) return true
  while (replaceable.length > 0) {
    const peer = members.active.get(replaceable.shift() ?? '')
    if (peer === undefined) continue
    retire(members, peer)
    return true
  }
  for (const peer of members.active.values()) {
    if (peer.status !== 'suspected' || peer.answered) continue
    retire(members, peer)
    return true
  }
  return false
}

/** One grove under two addresses: the one that works stays; the name that stood at the other goes. */
function merge(members: Membership, named: Peer, there: Peer | undefined, address: string): Peer {
  if (there !== undefined) remove(members, there)
  if (named.status !== 'alive' || !named.answered) named.address = address
  return reseat(members, named)
}

function rename(members: Membership, peer: Peer, peerId: string): Peer {
  const home = members.active.has(peer.peerId) ? members.active : members.retained
  home.delete(peer.peerId)
  peer.peerId = peerId
  home.set(peerId, peer)
  return reseat(members, peer)
}

/** A peer that answers belongs in the view as long as there is room. */
function reseat(members: Membership, peer: Peer): Peer {
  if (members.active.size >= ACTIVE_MAX || !members.retained.delete(peer.peerId)) return peer
  members.active.set(peer.peerId, peer)
  return peer
}

function reseatSeeds(members: Membership): void {
  for (const peer of members.retained.values()) {
    if (members.active.size >= ACTIVE_MAX) return
    if (peer.status !== 'failed' && isSeed(members, peer)) reseat(members, peer)
  }
}

function remove(members: Membership, peer: Peer): void {
  members.active.delete(peer.peerId)
  members.retained.delete(peer.peerId)
}

function forgetOldestFailure(members: Membership): void {
  const failures = [...members.retained.values()].filter((peer) => !isSeed(members, peer))
  if (failures.length > FAILED_MAX && failures[0] !== undefined)
    members.retained.delete(failures[0].peerId)
}
