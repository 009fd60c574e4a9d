import { isKeyId } from '../../core/identity/ed25519.ts'
import { tidyAddress } from '../../core/peers/endpoint.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { PeerInfo } from '../../core/wire/gossip.ts'
import type { CallGate } from './call-gate.ts'
import { isAnswering, newPeer, type Peer } from './liveness.ts'
import type { PeerTable } from './peer-table.ts'

/** Peers that travel in one shuffle. */
export const SHUFFLE_SIZE = 5
/** A higher age counts as this: no peer can make itself the oldest for ever. */
const AGE_MAX = 100

/** Who becomes known, by which id, at which address, and who gives way to it in the view. */
export class Acquaintance {
  readonly #peers: PeerTable
  readonly #calls: CallGate
  readonly #byWord: boolean

  /** `byWord`: whoever is named or speaks may enter the view. Otherwise only seeds are known so. */
  constructor(peers: PeerTable, calls: CallGate, byWord: boolean) {
    this.#peers = peers
    this.#calls = calls
    this.#byWord = byWord
  }

  /** Whether a peer may be known so: `PeerTable.admits`, and the id that the operator wrote. */
  admits(peer: PeerAddress): boolean {
    return this.#peers.admits(peer.address) && !this.#peers.isMisnamed(peer)
  }

  /**
   * The peer that answered at the dialled address, known from now on by the id that it gave.
   * Undefined if it is this grove itself, whose address is then forgotten, or if there is no room.
   */
  identify(dialled: PeerAddress, peerId: string, now: number): Peer | undefined {
    const address = tidyAddress(dialled.address)
    this.#calls.noteAnswer(address, now)
    if (peerId === this.#peers.self.peerId) {
      this.#peers.forgetAddress(address)
      return undefined
    }
    this.#peers.noteNamed(address, true)
    const there = this.#peers.findByAddress(address)
    const named = this.#othersName(peerId, address)
    if (named !== undefined && named !== there && this.#peers.isSeed(named)) {
      if (there !== undefined && !this.#peers.isSeed(there)) this.#peers.remove(there)
      return isAnswering(named) ? named : undefined
    }
    if (named !== undefined) return this.#peers.reseat(this.#merge(named, there, address))
    if (there !== undefined) return this.#peers.reseat(this.#peers.rename(there, peerId))
    if (!this.#byWord) return undefined
    return this.#makeRoomFor(address)
      ? this.#peers.add(newPeer({ peerId, address }, now))
      : undefined
  }

  /**
   * The view has one place a host. Names may turn out to be one when they have answered: of two the
   * one that came first stays, if it answers.
   */
  keepOnePerHost(peer: Peer): void {
    const neighbour = this.#peers.neighbourOf(peer.address)
    if (neighbour === undefined || !this.#peers.isActive(peer)) return
    this.#peers.retire(isAnswering(neighbour) ? peer : neighbour)
  }

  /**
   * Adds the peers of a shuffle that are unknown. They fill empty places of the view, then those of
   * `replaceable` (ids of what was sent to the other side, used up in order), then those of
   * suspects that never answered. One shuffle adds at most SHUFFLE_SIZE, so that it can't fill a
   * view.
   */
  absorb(offered: readonly PeerInfo[], replaceable: string[], now: number): void {
    if (!this.#byWord) return
    let taken = 0
    for (const { peerId, address: given, age } of offered) {
      const address = tidyAddress(given)
      const peer = { peerId: this.#nameFor({ peerId, address }), address }
      if (taken >= SHUFFLE_SIZE || !this.#isUnknown(peer)) continue
      if (!this.#makeRoom(replaceable)) return
      this.#peers.add({ ...newPeer(peer, now), age: Math.min(age, AGE_MAX) })
      taken += 1
    }
  }

  /**
   * The peer in whose name a message came. A new one counts as contacted, and as having answered if
   * it did lately. A known one keeps its address until a contact there fails, for anybody can write
   * an id; a seed keeps it even then. Undefined where it stays unknown: there is no room, or its
   * address belongs to another peer. One that was given up gives its address up too: it is called
   * as the peer of that address, and whoever answers is named.
   */
  heardFrom(
    { peerId, address: given }: PeerAddress,
    replaceable: string[],
    now: number,
  ): Peer | undefined {
    const address = tidyAddress(given)
    const name = this.#nameFor({ peerId, address })
    const named = this.#peers.find(name)
    if (named?.status === 'alive') return named
    const there = this.#peers.findByAddress(address)
    if (named !== undefined) {
      const mayMove = this.#byWord && there === undefined && !this.#peers.isSeed(named)
      if (mayMove && this.#peers.neighbourOf(address) === undefined)
        Object.assign(named, { address, answered: false })
      return named
    }
    if (there !== undefined)
      return there.peerId === there.address || there.status === 'failed' ? there : undefined
    if (!this.#byWord || this.#peers.neighbourOf(address) !== undefined) return undefined
    if (!this.#makeRoom(replaceable)) return undefined
    const answered = this.#calls.isProven(address, now) && name === peerId
    const peer = newPeer({ peerId: name, address }, now)
    return this.#peers.add({ ...peer, lastContact: now, answered })
  }

  /**
   * The id by which a peer is known that is said to be there. In the place of a seed that has
   * failed it is its address, by which it is called: who answers there is named.
   */
  #nameFor({ peerId, address }: PeerAddress): string {
    const named = this.#peers.find(peerId)
    const isElsewhere = named !== undefined && named.address !== address
    return isElsewhere && this.#peers.lendsName(named) ? address : peerId
  }

  /**
   * The peer that has this id, as far as it may keep it from whoever answers to it at the address:
   * the seed that answers at its own address takes its id back, and a seed that has failed lends
   * its id to another address. A key may also be that of two seeds, as after it was joined anew.
   */
  #othersName(peerId: string, address: string): Peer | undefined {
    const named = this.#peers.find(peerId)
    if (named === undefined || named.address === address) return named
    const wasSeed = this.#peers.isSeed(named)
    const hasMoved = isKeyId(peerId) && this.#peers.isSeedAddress(address) && !isAnswering(named)
    if (this.#peers.lendsName(named) || (wasSeed && hasMoved)) {
      this.#peers.unname(named)
      return undefined
    }
    if (wasSeed || !this.#peers.isSeedAddress(address)) return named
    this.#peers.remove(named)
    return undefined
  }

  /** Same grove at two addresses: keep the working one, drop the other entry. */
  #merge(named: Peer, there: Peer | undefined, address: string): Peer {
    if (named === there) return named
    if (there !== undefined) this.#peers.remove(there)
    if (!isAnswering(named)) named.address = address
    return named
  }

  #isUnknown(peer: PeerAddress): boolean {
    return (
      !this.#peers.isSelf(peer) &&
      this.admits(peer) &&
      this.#peers.find(peer.peerId) === undefined &&
      this.#peers.findByAddress(peer.address) === undefined &&
      this.#peers.neighbourOf(peer.address) === undefined
    )
  }

  /** Makes room for a peer that has answered: its host's place, if that has not, or another. */
  #makeRoomFor(address: string): boolean {
    const neighbour = this.#peers.neighbourOf(address)
    if (neighbour === undefined) return this.#makeRoom([])
    if (!neighbour.answered) this.#peers.retire(neighbour)
    return !neighbour.answered
  }

  #makeRoom(replaceable: string[]): boolean {
    if (this.#peers.hasRoom) return true
    const leaving =
      this.#peers.crowding() ??
      this.#nextReplaceable(replaceable) ??
      this.#peers.active().find((peer) => peer.status === 'suspected' && !peer.answered)
    if (leaving !== undefined) this.#peers.retire(leaving)
    return leaving !== undefined
  }

  /** The first of these ids that is still in the view; it and those before it are used up. */
  #nextReplaceable(replaceable: string[]): Peer | undefined {
    while (replaceable.length > 0) {
      const peer = this.#peers.find(replaceable.shift() ?? '')
      if (peer !== undefined && this.#peers.isActive(peer)) return peer
    }
    return undefined
  }
}
