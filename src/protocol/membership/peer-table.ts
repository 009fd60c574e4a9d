import { isKeyId } from '../../core/identity/ed25519.ts'
import { invariant, mustHold } from '../../core/invariant.ts'
import { parseEndpoint, tidyAddress } from '../../core/peers/endpoint.ts'
import { type Hosts, UNTOLD_HOSTS } from '../../core/peers/hosts.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { newPeer, type Peer } from './liveness.ts'

/** Peers in the partial view, where shuffles fill it. */
export const ACTIVE_MAX = 10
/** Peers of one network in the view; those beyond it give way first. */
const NETWORK_MAX = 2
/** Failed peers remembered, so that third parties don't bring them back. */
const FAILED_MAX = 64
/** Seeds, configured and added. */
const SEEDS_MAX = 256

/** What the operator configured about an address. */
interface Seed {
  /** The only id that may answer there, if the operator wrote one. */
  readonly pinned: string | undefined
  /** Whether another id answered last. */
  misnamed: boolean
}

/**
 * The known peers: those of the partial view, and seeds and failed peers retained outside it. One
 * id has one address, and one address one id.
 */
export class PeerTable {
  readonly self: PeerAddress
  readonly #hosts: Hosts
  readonly #most: number
  /** By id, at most so many. */
  readonly #active = new Map<string, Peer>()
  /** By id, none of them active. */
  readonly #retained = new Map<string, Peer>()
  /** By address. Each has a peer there. */
  readonly #seeds = new Map<string, Seed>()

  /** `most`: peers in the view. */
  constructor(self: PeerAddress, hosts: Hosts = UNTOLD_HOSTS, most = ACTIVE_MAX) {
    this.#most = most
    this.self = { peerId: self.peerId, address: tidyAddress(self.address) }
    this.#hosts = hosts
  }

  /** The partial view. */
  active(): Peer[] {
    return [...this.#active.values()]
  }

  /** The view, then the peers retained outside it. */
  all(): Peer[] {
    return [...this.#active.values(), ...this.#retained.values()]
  }

  /** The peers at the seeds' addresses, in the order in which they were configured. */
  seeds(): Peer[] {
    return [...this.#seeds.keys()].flatMap((address) => this.findByAddress(address) ?? [])
  }

  /** Whether there is no peer to call. */
  get isEmpty(): boolean {
    return this.#active.size + this.#seeds.size === 0
  }

  get hasRoom(): boolean {
    return this.#active.size < this.#most
  }

  /** Whether these are this grove's own id or address. */
  isSelf({ peerId, address }: PeerAddress): boolean {
    return peerId === this.self.peerId || tidyAddress(address) === this.self.address
  }

  /**
   * Whether a peer may be known by this address: one that can be dialled, and has no path unless
   * the operator wrote it. A path would let anybody have requests sent to any page of any server.
   */
  admits(given: string): boolean {
    const address = tidyAddress(given)
    if (this.#seeds.has(address)) return true
    return parseEndpoint(address)?.path === '' && this.#hosts.isDialable(address)
  }

  isActive({ peerId }: PeerAddress): boolean {
    return this.#active.has(peerId)
  }

  isSeedAddress(address: string): boolean {
    return this.#seeds.has(address)
  }

  /** Whether the peer is the one at a seed's address. */
  isSeed({ address }: PeerAddress): boolean {
    return this.#seeds.has(address)
  }

  /** Whether the operator wrote another id for this address. */
  isMisnamed({ peerId, address }: PeerAddress): boolean {
    if (this.#seeds.size === 0) return false
    const pinned = this.#seeds.get(tidyAddress(address))?.pinned
    return pinned !== undefined && pinned !== peerId
  }

  /** Whether the operator wrote an id for this address. */
  hasPin(address: string): boolean {
    return this.#seeds.get(tidyAddress(address))?.pinned !== undefined
  }

  /** Whether the operator wrote the id of this peer. */
  isPinned({ peerId, address }: PeerAddress): boolean {
    return this.#seeds.get(address)?.pinned === peerId
  }

  /**
   * Whether another address may have this peer's id: it is a seed that has failed. An id that the
   * operator wrote is lent only if it is a key, which nobody else can sign with.
   */
  lendsName(peer: Peer): boolean {
    const isHeld = this.isPinned(peer) && !isKeyId(peer.peerId)
    return this.isSeed(peer) && peer.status === 'failed' && !isHeld
  }

  /** Whether another id than the operator wrote answered last at this address. */
  answersMisnamed(address: string): boolean {
    return this.#seeds.get(address)?.misnamed === true
  }

  /** Expects another id at a seed's address than the operator wrote. */
  pin(address: string, peerId: string): void {
    if (this.#seeds.get(address)?.pinned === undefined) return
    this.#seeds.set(address, { pinned: peerId, misnamed: false })
  }

  /** Notes whether the id that answered is the one that the operator wrote. */
  noteNamed(address: string, isRight: boolean): void {
    const seed = this.#seeds.get(address)
    if (seed !== undefined) seed.misnamed = !isRight
  }

  /** The peer of that id. */
  find(peerId: string): Peer | undefined {
    return this.#active.get(peerId) ?? this.#retained.get(peerId)
  }

  /** The peer at that address. O(peers known). */
  findByAddress(address: string): Peer | undefined {
    const wanted = tidyAddress(address)
    for (const peer of this.#active.values()) if (peer.address === wanted) return peer
    for (const peer of this.#retained.values()) if (peer.address === wanted) return peer
    return undefined
  }

  /** Adds a seed, unless it is this grove itself, a seed already, or one too many. */
  addSeed(seed: PeerAddress, now: number): void {
    const address = tidyAddress(seed.address)
    const peerId = seed.peerId === seed.address ? address : seed.peerId
    if (this.isSelf({ peerId, address }) || this.#seeds.has(address)) return
    if (this.#seeds.size >= SEEDS_MAX) return
    const pinned = peerId === address ? undefined : peerId
    this.#seeds.set(address, { pinned, misnamed: false })
    if (this.findByAddress(address) === undefined) {
      const name = this.find(peerId) === undefined ? peerId : address
      this.#freeName(name)
      this.#retained.set(name, newPeer({ peerId: name, address }, now))
    }
    this.reseatSeeds()
  }

  /** Forgets an address and its peer: it is this grove's own, or the operator's no longer. */
  forgetAddress(address: string): void {
    this.#seeds.delete(address)
    const peer = this.findByAddress(address)
    if (peer !== undefined) this.remove(peer)
  }

  /**
   * Throws InvariantError if ids, addresses or places in the view are not unique, or if there are
   * too many peers.
   */
  checkInvariants(): void {
    const peers = this.all()
    const retained = [...this.#retained.values()]
    mustHold(this.#active.size <= this.#most, 'the view is within bounds')
    mustHold(this.#seeds.size <= SEEDS_MAX, 'seeds are within bounds')
    const failures = retained.filter((peer) => !this.isSeed(peer))
    mustHold(failures.length <= FAILED_MAX, 'failed peers are within bounds')
    mustHold(distinct(peers, 'peerId'), 'no peer is both active and retained')
    mustHold(distinct(peers, 'address'), 'one address has one id')
    mustHold(this.seeds().length === this.#seeds.size, 'each seed has a peer at its address')
    for (const [id, peer] of [...this.#active, ...this.#retained]) {
      mustHold(peer.peerId === id, 'a peer is kept by its id', { id, peer })
      mustHold(!this.isSelf(peer), 'this grove is no peer of its own', peer)
      mustHold(!this.#active.has(id) || peer.status !== 'failed', 'no failed peer is active', peer)
    }
  }

  /** The other peer of the view on the host of this address. Seeds neither count nor have one. */
  neighbourOf(address: string): Peer | undefined {
    const host = this.isSeedAddress(address) ? undefined : this.#hosts.keyOf(address)
    if (host === undefined) return undefined
    for (const peer of this.#active.values()) {
      const isOther = peer.address !== address && !this.isSeed(peer)
      if (isOther && this.#hosts.keyOf(peer.address) === host) return peer
    }
    return undefined
  }

  /** A peer that never answered, of the network that has most of the view, if that is too much. */
  crowding(): Peer | undefined {
    const networks = new Map<string, Peer[]>()
    for (const peer of this.#active.values()) {
      const network = this.#hosts.prefixOf(peer.address)
      if (network !== undefined && !this.isSeed(peer))
        networks.set(network, [...(networks.get(network) ?? []), peer])
    }
    const fullest = [...networks.values()].sort((a, b) => b.length - a.length)[0] ?? []
    return fullest.length > NETWORK_MAX ? fullest.find((peer) => !peer.answered) : undefined
  }

  /** Adds a new peer to the view, which must have room. */
  add(peer: Peer): Peer {
    invariant(this.hasRoom, 'a peer is added where the view has room')
    invariant(this.find(peer.peerId) === undefined, 'a peer is added once')
    this.#active.set(peer.peerId, peer)
    return peer
  }

  /** Gives a peer the id under which it answered. */
  rename(peer: Peer, peerId: string): Peer {
    invariant(this.find(peerId) === undefined, 'a peer takes an id that nobody has')
    const home = this.#active.has(peer.peerId) ? this.#active : this.#retained
    home.delete(peer.peerId)
    peer.peerId = peerId
    home.set(peerId, peer)
    return peer
  }

  /** Takes a peer's id away: it is known by its address until it answers. */
  unname(peer: Peer): void {
    this.#freeName(peer.address)
    this.rename(peer, peer.address)
  }

  remove({ peerId }: Peer): void {
    this.#active.delete(peerId)
    this.#retained.delete(peerId)
  }

  /** Takes a peer out of the view. Seeds and failed peers are retained; others are forgotten. */
  retire(peer: Peer): void {
    this.#active.delete(peer.peerId)
    const isSeed = this.isSeed(peer)
    if (!isSeed && peer.status !== 'failed') return
    this.#retained.set(peer.peerId, peer)
    if (!isSeed) this.#forgetOldestFailure()
  }

  /** Moves a retained peer into the view if there is room, and none of its host is in it. */
  reseat(peer: Peer): Peer {
    const isAlone = this.neighbourOf(peer.address) === undefined
    if (this.hasRoom && isAlone && this.#retained.delete(peer.peerId))
      this.#active.set(peer.peerId, peer)
    return peer
  }

  /**
   * Makes these the view, beside seeds that there is room for. They have answered, and a peer that
   * is known at one of their addresses is one of them.
   */
  seat(wanted: readonly PeerAddress[], now: number): void {
    if (this.#isSeated(wanted)) return
    const addresses = new Map(wanted.map(({ peerId, address }) => [peerId, address]))
    const left = this.active().filter((peer) => addresses.get(peer.peerId) !== peer.address)
    for (const peer of left) if (!this.isSeed(peer)) this.retire(peer)
    for (const { peerId, address } of wanted) {
      if (this.#active.has(peerId)) continue
      const seed = this.hasRoom ? undefined : left.find((peer) => this.isActive(peer))
      if (seed !== undefined) this.retire(seed)
      this.#seatOne({ peerId, address }, now)
    }
  }

  /** Moves seeds that have not failed into the view while there is room. */
  reseatSeeds(): void {
    for (const peer of this.#retained.values()) {
      if (!this.hasRoom) return
      if (peer.status !== 'failed' && this.isSeed(peer)) this.reseat(peer)
    }
  }

  /** Forgets retained peers that failed before that moment, unless they are seeds. */
  forgetFailures(before: number): void {
    for (const peer of this.#retained.values()) {
      if ((peer.suspectedAt ?? 0) < before && !this.isSeed(peer)) this.#retained.delete(peer.peerId)
    }
  }

  /** Whether the view is these and seeds, so that there is nothing to do, as nearly always. */
  #isSeated(wanted: readonly PeerAddress[]): boolean {
    const isThere = ({ peerId, address }: PeerAddress) =>
      this.#active.get(peerId)?.address === address
    if (!wanted.every(isThere)) return false
    if (this.#active.size === wanted.length) return true
    const isWanted = (peer: Peer) => wanted.some(({ peerId }) => peerId === peer.peerId)
    return this.active().every((peer) => this.isSeed(peer) || isWanted(peer))
  }

  #seatOne(wanted: PeerAddress, now: number): void {
    const named = this.find(wanted.peerId)
    if (named !== undefined && named.address !== wanted.address) {
      if (this.lendsName(named)) this.unname(named)
      else if (this.isSeed(named)) return
      else this.remove(named)
    }
    const there = this.findByAddress(wanted.address)
    if (there !== undefined && there.peerId !== wanted.peerId) {
      if (this.isSeed(there)) return
      this.remove(there)
    }
    const kept = this.#retained.get(wanted.peerId)
    this.#retained.delete(wanted.peerId)
    if (kept?.status === 'failed') kept.status = 'suspected'
    this.add(kept ?? { ...newPeer(wanted, now), answered: true, lastContact: now })
  }

  /** An id is any text, and so may be another's address. */
  #freeName(address: string): void {
    const other = this.find(address)
    if (other !== undefined && other.address !== address) this.remove(other)
  }

  #forgetOldestFailure(): void {
    const failures = [...this.#retained.values()].filter((peer) => !this.isSeed(peer))
    if (failures.length > FAILED_MAX && failures[0] !== undefined)
      this.#retained.delete(failures[0].peerId)
  }
}

function distinct(peers: readonly Peer[], key: 'peerId' | 'address'): boolean {
  return new Set(peers.map((peer) => peer[key])).size === peers.length
}
