import { addressOf, type PeerAddress } from '../../core/peers/peer.ts'
import { type Random, sample } from '../../core/random.ts'
import { timestamp } from '../../core/time.ts'
import type { Capabilities, PeerInfo } from '../../core/wire/gossip.ts'
import type { Effect, GossipConfig, PeerView } from '../messages.ts'
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
import { PeerTable, tidyAddress } from './peer-table.ts'

/** Peers that travel in one shuffle. */
export const SHUFFLE_SIZE = 5
/** Rounds for which a failed peer is remembered, and after which a live one counts only if heard of. */
const FORGOTTEN_AFTER_ROUNDS = 100
/** A claimed age above this counts as this: no peer can put itself first for ever. */
const AGE_MAX = 100

/** Who sent a message, and whether that one is known to answer at the address that it gives. */
export interface Sender extends PeerAddress {
  readonly proven: boolean
}

/**
 * The partial view of who is there: CYCLON (Voulgaris, Gavidia, van Steen 2005), with seeds that are
 * never forgotten. What third parties say only adds unknown peers; what is known of a peer changes by
 * direct contact alone.
 */
export class Membership {
  readonly #peers: PeerTable
  readonly #intervalMs: number
  readonly #random: Random

  constructor({ self, seeds, gossipIntervalMs }: GossipConfig, random: Random) {
    this.#peers = new PeerTable(self)
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

  checkInvariants(): void {
    this.#peers.checkInvariants()
  }

  /** Whether there is somebody to call, and nobody in the view is known to answer. */
  get isLonely(): boolean {
    return !this.#peers.isEmpty && !this.#peers.active().some(isAnswering)
  }

  /** The partial view. */
  active(): Peer[] {
    return this.#peers.active()
  }

  /** All peers that are known, as the node sees them: the view, then those retained outside it. */
  views(): PeerView[] {
    return this.#peers.all().map((peer) => this.#viewOf(peer))
  }

  /** The peer of that id or address. */
  view(idOrAddress: string): PeerView | undefined {
    const peer = this.#peers.find(idOrAddress) ?? this.#peers.findByAddress(idOrAddress)
    return peer && this.#viewOf(peer)
  }

  /** Peers not under suspicion, those heard of last first; without those of whom nothing was heard for long, seeds apart. */
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

  senderOf({ peerId, address: given }: PeerAddress): Sender {
    const address = tidyAddress(given)
    const known = this.#peers.find(peerId)
    return { peerId, address, proven: isAnswering(known) && known?.address === address }
  }

  /** The peer of that id at the address that is known here, if one is; else at the one it gives. */
  knownAs({ peerId, address }: PeerAddress): PeerAddress {
    return { peerId, address: this.#peers.find(peerId)?.address ?? tidyAddress(address) }
  }

  noteCapabilities(peerId: string, capabilities: Capabilities): void {
    const peer = this.#peers.find(peerId)
    if (peer !== undefined) peer.capabilities = keptCapabilities(capabilities)
  }

  /**
   * Begins a round: everybody is a round older, seeds return where there is room, failures of long ago
   * are forgotten, and suspects that have been silent too long are declared failed and leave the view.
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

  /** Whom to exchange with this round. */
  exchangePartners(lonely: boolean): PeerAddress[] {
    const lostSeeds = this.#peers.seeds().filter(({ address }) => {
      const peer = this.#peers.findByAddress(address)
      return peer === undefined || !this.#peers.isActive(peer) || !isAnswering(peer)
    })
    const suspects = this.#peers.all().filter((peer) => peer.status === 'suspected')
    const candidates = { active: this.active(), suspects, lostSeeds }
    return exchangePartners(candidates, this.#random, lonely)
  }

  /**
   * Somebody spoke to us: known from now on if there is room, which those of `replaceable` may make
   * (see `absorb`). `unproven` is the peer where only an answer can prove its address.
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
   * The peer that answered at the dialled address under the id that it gave, which is from now on its id. Undefined where
   * it is this grove itself (then the address is forgotten) or where there is no room for it any more.
   */
  identify(dialled: PeerAddress, peerId: string, now: number): Peer | undefined {
    const address = tidyAddress(dialled.address)
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
    return statusEffects(peer, contactMade(peer, now))
  }

  /** Whoever is known at that address did not answer. */
  contactFailed(address: string, now: number): Effect[] {
    const peer = this.at(address)
    return peer === undefined ? [] : statusEffects(peer, contactFailed(peer, now))
  }

  /** The peer to shuffle with: the oldest that is alive, else the oldest suspect. */
  oldest(): Peer | undefined {
    let found: Peer | undefined
    for (const peer of this.active()) {
      const isSuspect = Number(peer.status !== 'alive')
      const wasSuspect = Number(found !== undefined && found.status !== 'alive')
      const isOlder = isSuspect === wasSuspect && peer.age > (found?.age ?? 0)
      if (found === undefined || isSuspect < wasSuspect || isOlder) found = peer
    }
    return found
  }

  /** Up to `count` peers that may be passed on to `receiver`: alive, and answered at the address that is given. */
  chooseOffer(receiver: string, count: number): Peer[] {
    const fit = this.active().filter(
      (peer) => isAnswering(peer) && peer.peerId !== receiver && peer.peerId !== peer.address,
    )
    return sample(this.#random, fit, count)
  }

  /** One of the view of whom no answer has come yet. */
  chooseUnproven(): Peer[] {
    const unproven = this.active().filter((peer) => !peer.answered)
    return sample(this.#random, unproven, 1)
  }

  /**
   * Takes in the peers of a shuffle: unknown ones fill empty places, then those of `replaceable` (ids, used up in order:
   * what was sent to the other side), then those of peers that failed to answer and never had. One shuffle brings at most
   * SHUFFLE_SIZE, so that it cannot fill a view.
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
   * The peer that a received message speaks for; undefined where it stays unknown (no room, or not to be believed).
   * A new peer counts as contacted. A known one keeps its address until a contact there fails: anybody can write an id.
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
    if (there !== undefined) return there.peerId === there.address ? there : undefined
    if (!this.#makeRoom(replaceable)) return undefined
    return this.#peers.add({ ...newPeer({ peerId, address }, now), lastContact: now })
  }

  /** One grove under two addresses: it keeps the one that works, and the other entry goes. */
  #merge(named: Peer, there: Peer | undefined, address: string): Peer {
    if (named === there) return named
    if (there !== undefined) this.#peers.remove(there)
    if (!isAnswering(named)) named.address = address
    return named
  }

  #isUnknown(peer: PeerAddress): boolean {
    return (
      !this.isSelf(peer) &&
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

  #viewOf(peer: Peer): PeerView {
    const { status, capabilities, lastContact } = peer
    const active = this.#peers.isActive(peer)
    return {
      ...infoOf(peer),
      status,
      capabilities,
      lastContact,
      active,
      seed: this.#peers.isSeed(peer),
    }
  }

  #forgottenBefore(now: number): number {
    return now - FORGOTTEN_AFTER_ROUNDS * this.#intervalMs
  }
}

/** A peer as it travels in shuffles. */
export function infoOf({ peerId, address, age, lastSeen }: Peer): PeerInfo {
  return { peerId, address, age, lastSeen: timestamp(lastSeen) }
}

/** The effect that tells of a change of status; none where there is no change. */
function statusEffects(peer: Peer, status: StatusChange | undefined): Effect[] {
  return status === undefined ? [] : [{ type: 'peer-status', peer: addressOf(peer), status }]
}
