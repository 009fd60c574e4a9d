import { tidyAddress } from '../../core/peers/endpoint.ts'
import { type Hosts, UNTOLD_HOSTS } from '../../core/peers/hosts.ts'
import { addressOf, type PeerAddress } from '../../core/peers/peer.ts'
import { type Random, sample } from '../../core/random.ts'
import type { Capabilities, PeerInfo } from '../../core/wire/gossip.ts'
import type { Effect, GossipConfig, PeerView } from '../messages.ts'
import type { RoundQuota } from '../round-quota.ts'
import { CallGate } from './call-gate.ts'
import {
  contactFailed,
  contactMade,
  isAnswering,
  keptCapabilities,
  newPeer,
  type Peer,
  type StatusChange,
  silenceLasted,
  suspicionRounds,
} from './liveness.ts'
import { exchangePartners } from './partners.ts'
import { PeerTable } from './peer-table.ts'
import { viewOf } from './peer-view.ts'
import type { Speaker } from './sender.ts'

/** Peers that travel in one shuffle. */
export const SHUFFLE_SIZE = 5
/**
 * Rounds after which a failed peer is forgotten, and a peer without news no longer taken as live.
 */
const FORGOTTEN_AFTER_ROUNDS = 100
/** A higher age counts as this: no peer can make itself the oldest for ever. */
const AGE_MAX = 100

/**
 * Who is there: the partial view of CYCLON (Voulgaris, Gavidia, van Steen 2005), with seeds that
 * are never forgotten. Third parties can only add unknown peers. What is known of a peer changes by
 * direct contact alone.
 */
export class Membership {
  /** Whom this grove may send messages of its own accord. */
  readonly calls: CallGate
  readonly #peers: PeerTable
  readonly #hosts: Hosts
  readonly #intervalMs: number
  readonly #random: Random

  constructor(config: GossipConfig, quota: RoundQuota, random: Random) {
    const { self, seeds, hosts = UNTOLD_HOSTS, gossipIntervalMs } = config
    this.#peers = new PeerTable(self, hosts)
    this.#hosts = hosts
    const isSeed = (address: string) => this.#peers.isSeedAddress(address)
    this.calls = new CallGate({ hosts, quota, isSeed, intervalMs: gossipIntervalMs })
    this.#intervalMs = gossipIntervalMs
    this.#random = random
    for (const seed of seeds) this.addSeed(seed, 0)
  }

  get self(): PeerAddress {
    return this.#peers.self
  }

  isSelf(peer: PeerAddress): boolean {
    return this.#peers.isSelf(peer)
  }

  /** Whether a peer may be known by this address (`PeerTable.admits`). */
  admits(address: string): boolean {
    return this.#peers.admits(address)
  }

  checkInvariants(): void {
    this.#peers.checkInvariants()
  }

  /** Whether there are peers to call, and none of the view is known to answer. */
  get isLonely(): boolean {
    return !this.#peers.isEmpty && !this.#peers.active().some(isAnswering)
  }

  /** The partial view. */
  active(): Peer[] {
    return this.#peers.active()
  }

  /** All known peers, as the node sees them: the view, then those retained outside it. */
  views(): PeerView[] {
    return this.#peers.all().map((peer) => viewOf(this.#peers, peer))
  }

  /** The peer of that id or address. */
  view(idOrAddress: string): PeerView | undefined {
    const peer = this.#peers.find(idOrAddress) ?? this.#peers.findByAddress(idOrAddress)
    return peer && viewOf(this.#peers, peer)
  }

  /** Peers that are alive and seeds or heard of lately, the latest first. */
  live(now: number): PeerAddress[] {
    const since = this.#forgottenBefore(now)
    const live = this.#peers
      .all()
      .filter((peer) => peer.status === 'alive')
      .filter((peer) => peer.lastSeen >= since || this.#peers.isSeed(peer))
    return live.sort((a, b) => b.lastSeen - a.lastSeen).map(addressOf)
  }

  addSeed(seed: PeerAddress, now: number): void {
    this.#peers.addSeed(seed, now)
  }

  /**
   * Who sent this: what it says of itself, and the IP address that it came from. A peer that is
   * alive, or a seed, keeps the address that is known, whoever speaks in its name.
   */
  speakerOf({ peerId, address: given }: PeerAddress, remote: string | undefined): Speaker {
    const known = this.#peers.find(peerId)
    const keeps = known !== undefined && (known.status === 'alive' || this.#peers.isSeed(known))
    const address = keeps ? known.address : tidyAddress(given)
    return {
      peerId,
      address,
      proven: isAnswering(known) && known?.address === address,
      own: this.#hosts.sameHost(address, remote),
    }
  }

  noteCapabilities(peerId: string, capabilities: Capabilities): void {
    const peer = this.#peers.find(peerId)
    if (peer !== undefined) peer.capabilities = keptCapabilities(capabilities)
  }

  /**
   * Begins a round: peers age, failures of long ago are forgotten, seeds return to the view where
   * there is room, and suspects that have been silent too long fail and leave it.
   */
  beginRound(now: number): Effect[] {
    for (const peer of this.#peers.active()) peer.age += 1
    this.#peers.forgetFailures(this.#forgottenBefore(now))
    this.#peers.reseatSeeds()
    const silenceMs = suspicionRounds(this.#peers.active().length) * this.#intervalMs
    return this.#peers.all().flatMap((peer) => {
      const change = silenceLasted(peer, now, silenceMs)
      if (change !== undefined) this.#peers.retire(peer)
      return statusEffects(peer, change)
    })
  }

  /** The peers to exchange with in this round. */
  exchangePartners(lonely: boolean, now: number): PeerAddress[] {
    const lostSeeds = this.#peers.seeds().filter(({ address }) => {
      const peer = this.#peers.findByAddress(address)
      return peer === undefined || !this.#peers.isActive(peer) || !isAnswering(peer)
    })
    const suspects = this.#peers.all().filter((peer) => peer.status === 'suspected')
    const candidates = { active: this.active(), suspects, lostSeeds }
    const mayCall = (peer: PeerAddress) => this.calls.tryTake(peer, now)
    return exchangePartners(candidates, { random: this.#random, lonely, mayCall })
  }

  /**
   * A message came from this sender, which becomes known if there is room; peers of `replaceable`
   * may make some (see `absorb`). It is returned as `unproven` if it is not known to answer at its
   * address.
   */
  hear(
    from: PeerAddress,
    replaceable: string[],
    now: number,
  ): { effects: Effect[]; unproven: PeerAddress | undefined } {
    const wasKnown = this.#peers.find(from.peerId) !== undefined
    const peer = this.#heardFrom(from, replaceable, now)
    if (peer === undefined) return { effects: [], unproven: undefined }
    if (peer.status === 'alive') peer.lastSeen = now
    return {
      effects: !wasKnown && peer.peerId === from.peerId ? statusEffects(peer, 'alive') : [],
      unproven: isAnswering(peer) ? undefined : addressOf(peer),
    }
  }

  /**
   * The peer that answered at the dialled address, known from now on by the id that it gave.
   * Undefined if it is this grove itself, whose address is then forgotten, or if there is no room.
   */
  identify(dialled: PeerAddress, peerId: string, now: number): Peer | undefined {
    const address = tidyAddress(dialled.address)
    this.calls.noteAnswer(address, now)
    if (peerId === this.self.peerId) {
      this.#peers.forgetAddress(address)
      return undefined
    }
    this.#peers.nameSeed({ peerId, address })
    const there = this.#peers.findByAddress(address)
    const named = this.#peers.find(peerId)
    if (named !== undefined) return this.#peers.reseat(this.#merge(named, there, address))
    if (there !== undefined) return this.#peers.reseat(this.#peers.rename(there, peerId))
    return this.#makeRoom([]) ? this.#peers.add(newPeer({ peerId, address }, now)) : undefined
  }

  /** The peer at that address. */
  at(address: string): Peer | undefined {
    return this.#peers.findByAddress(address)
  }

  /** The peer answered at its address. */
  contactMade(peer: Peer, now: number): Effect[] {
    this.calls.noteAnswer(peer.address, now)
    return statusEffects(peer, contactMade(peer, now))
  }

  /** The peer at that address, if one is known, did not answer. */
  contactFailed(address: string, now: number): Effect[] {
    const peer = this.at(address)
    return peer === undefined ? [] : statusEffects(peer, contactFailed(peer, now))
  }

  /** The peer to shuffle with: the oldest that is alive, else the oldest suspect. */
  shufflePartner(now: number): Peer | undefined {
    const isSuspect = (peer: Peer) => Number(peer.status !== 'alive')
    return this.active()
      .sort((a, b) => isSuspect(a) - isSuspect(b) || b.age - a.age)
      .find((peer) => this.calls.tryTake(peer, now))
  }

  /** Up to `count` peers, by chance, to offer to `receiver`: those that answer at their address. */
  chooseOffer(receiver: string, count: number): Peer[] {
    const fit = this.active().filter(
      (peer) => isAnswering(peer) && peer.peerId !== receiver && peer.peerId !== peer.address,
    )
    return sample(this.#random, fit, count)
  }

  /** One peer of the view, by chance, that has not answered yet; none where all have. */
  chooseUnproven(): Peer[] {
    const unproven = this.active().filter((peer) => !peer.answered)
    return sample(this.#random, unproven, 1)
  }

  /**
   * Adds the peers of a shuffle that are unknown. They fill empty places of the view, then those of
   * `replaceable` (ids of what was sent to the other side, used up in order), then those of
   * suspects that never answered. One shuffle adds at most SHUFFLE_SIZE, so that it can't fill a
   * view.
   */
  absorb(offered: readonly PeerInfo[], replaceable: string[], now: number): void {
    let taken = 0
    for (const { peerId, address: given, age } of offered) {
      const address = tidyAddress(given)
      if (taken >= SHUFFLE_SIZE || !this.#isUnknown({ peerId, address })) continue
      if (!this.#makeRoom(replaceable)) return
      this.#peers.add({ ...newPeer({ peerId, address }, now), age: Math.min(age, AGE_MAX) })
      taken += 1
    }
  }

  /**
   * The peer in whose name a message came. A new one counts as contacted. A known one keeps its
   * address until a contact there fails, for anybody can write an id. Undefined where it stays
   * unknown: there is no room, or its address belongs to another peer. One that was given up gives
   * its address up too: it is called as the peer of that address, and whoever answers is named.
   */
  #heardFrom(
    { peerId, address: given }: PeerAddress,
    replaceable: string[],
    now: number,
  ): Peer | undefined {
    const named = this.#peers.find(peerId)
    if (named?.status === 'alive') return named
    const address = tidyAddress(given)
    const there = this.#peers.findByAddress(address)
    if (named !== undefined) {
      if (there === undefined) Object.assign(named, { address, answered: false })
      return named
    }
    if (there !== undefined)
      return there.peerId === there.address || there.status === 'failed' ? there : undefined
    if (!this.#makeRoom(replaceable)) return undefined
    return this.#peers.add({ ...newPeer({ peerId, address }, now), lastContact: now })
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
      !this.isSelf(peer) &&
      this.admits(peer.address) &&
      this.#peers.find(peer.peerId) === undefined &&
      this.#peers.findByAddress(peer.address) === undefined
    )
  }

  #makeRoom(replaceable: string[]): boolean {
    if (this.#peers.hasRoom) return true
    const leaving =
      this.#nextReplaceable(replaceable) ??
      this.active().find((peer) => peer.status === 'suspected' && !peer.answered)
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

  #forgottenBefore(now: number): number {
    return now - FORGOTTEN_AFTER_ROUNDS * this.#intervalMs
  }
}

/** The effect that reports a change of status, if there is one. */
function statusEffects(peer: Peer, status: StatusChange | undefined): Effect[] {
  return status === undefined ? [] : [{ type: 'peer-status', peer: addressOf(peer), status }]
}
