import { tidyAddress } from '../../core/peers/endpoint.ts'
import { type Hosts, shareKey, UNTOLD_HOSTS } from '../../core/peers/hosts.ts'
import { addressOf, type PeerAddress } from '../../core/peers/peer.ts'
import { type Random, sample } from '../../core/random.ts'
import type { Capabilities } from '../../core/wire/gossip.ts'
import type { Effect, GossipConfig, PeerView } from '../messages.ts'
import type { RoundQuota } from '../round-quota.ts'
import { Acquaintance } from './acquaintance.ts'
import { CallGate } from './call-gate.ts'
import {
  contactFailed,
  contactMade,
  isAnswering,
  keptCapabilities,
  type Peer,
  type StatusChange,
  silenceLasted,
  suspicionRounds,
} from './liveness.ts'
import { exchangePartners } from './partners.ts'
import { ACTIVE_MAX, PeerTable } from './peer-table.ts'
import { viewOf } from './peer-view.ts'
import { SLOTS } from './ranked-view.ts'
import type { Speaker } from './sender.ts'

/**
 * Rounds after which a failed peer is forgotten, and a peer without news no longer taken as live.
 */
const FORGOTTEN_AFTER_ROUNDS = 100

/**
 * Who is there: the partial view of CYCLON (Voulgaris, Gavidia, van Steen 2005), with seeds that
 * are never forgotten. Third parties can only add unknown peers. What is known of a peer changes by
 * direct contact alone.
 */
export class Membership {
  /** Whom this grove may send messages of its own accord. */
  readonly calls: CallGate
  /** Who becomes known. */
  readonly acquaintance: Acquaintance
  readonly #peers: PeerTable
  readonly #hosts: Hosts
  /** Counts the turns of seeds: each is that of another one. */
  #seedTurn = 0
  /** Counts the turns of peers that the operator trusts. */
  #trustedTurn = 0
  /** Whether the last round's turn was that of a seed. */
  #wasSeeds = false
  readonly #intervalMs: number
  readonly #random: Random
  /** Whether each of the view is exchanged with in turn: who is dead is found out sooner. */
  readonly #byTurns: boolean

  constructor(config: GossipConfig, quota: RoundQuota, random: Random) {
    const { self, seeds, hosts = UNTOLD_HOSTS, gossipIntervalMs, sampling } = config
    this.#peers = new PeerTable(self, hosts, sampling === undefined ? ACTIVE_MAX : SLOTS)
    this.#hosts = hosts
    const isSeed = (address: string) => this.#peers.isSeedAddress(address)
    this.calls = new CallGate({ hosts, quota, isSeed, intervalMs: gossipIntervalMs })
    this.acquaintance = new Acquaintance(this.#peers, this.calls, sampling === undefined)
    this.#intervalMs = gossipIntervalMs
    this.#random = random
    this.#byTurns = sampling !== undefined
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

  /** Whether there are peers to call, and none of the view or the seeds is known to answer. */
  get isLonely(): boolean {
    const mayAnswer = [...this.#peers.active(), ...this.#peers.seeds()]
    return !this.#peers.isEmpty && !mayAnswer.some(isAnswering)
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

  /** Makes these proven peers the view, beside seeds that there is room for. */
  seat(wanted: readonly PeerAddress[], now: number): void {
    this.#peers.seat(wanted, now)
  }

  /** Whether nobody has this id, or only a seed that has failed at another address. */
  isUnnamed({ peerId, address }: PeerAddress): boolean {
    const known = this.#peers.find(peerId)
    if (known === undefined) return true
    return known.address !== tidyAddress(address) && this.#peers.lendsName(known)
  }

  /** The peers at the seeds' addresses. */
  seeds(): PeerAddress[] {
    return this.#peers.seeds().map(addressOf)
  }

  isSeed(peer: PeerAddress): boolean {
    return this.#peers.isSeedAddress(peer.address)
  }

  addSeed(seed: PeerAddress, now: number): void {
    this.#peers.addSeed(seed, now)
  }

  removeSeed(address: string): void {
    this.#peers.forgetAddress(tidyAddress(address))
  }

  /**
   * Who sent this: what it says of itself, and the IP address that it came from. A peer that is
   * alive, or a seed that has not failed, keeps the address that is known, whoever speaks in its
   * name.
   */
  speakerOf({ peerId, address: given }: PeerAddress, remote: string | undefined): Speaker {
    const known = this.#peers.find(peerId)
    const isHeld = known !== undefined && this.#peers.isSeed(known) && !this.#peers.lendsName(known)
    const keeps = known !== undefined && (known.status === 'alive' || isHeld)
    const address = keeps ? known.address : tidyAddress(given)
    return {
      peerId,
      address,
      proven: isAnswering(known) && known?.address === address,
      host: shareKey(this.#hosts, address),
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

  /**
   * The peers to exchange with in this round. `trusted` are those that the operator trusts, beside
   * seeds.
   */
  exchangePartners({ lonely, trusted }: Partnering, now: number): PeerAddress[] {
    const lostSeeds = this.#peers.seeds().filter((peer) => !isAnswering(peer))
    const suspects = this.#peers.all().filter((peer) => peer.status === 'suspected')
    const chosen = this.#nextChosen(trusted)
    const candidates = { active: this.active(), suspects, chosen, lostSeeds }
    const mayCall = (peer: PeerAddress) => this.calls.tryTake(peer, now)
    const [random, byTurns] = [this.#random, this.#byTurns]
    return exchangePartners(candidates, { random, byTurns, lonely, mayCall })
  }

  /** Up to `count` seeds that are not in the view and have not failed, those whose turn it is. */
  seedsOutside(count: number): Peer[] {
    const outside = this.#seedsInTurn().filter((peer) => !this.#peers.isActive(peer))
    return outside.slice(0, count)
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
    const peer = this.acquaintance.heardFrom(from, replaceable, now)
    if (peer === undefined) return { effects: [], unproven: undefined }
    if (peer.status === 'alive') peer.lastSeen = now
    return {
      effects: !wasKnown && peer.peerId === from.peerId ? statusEffects(peer, 'alive') : [],
      unproven: isAnswering(peer) ? undefined : addressOf(peer),
    }
  }

  /** Whether the operator wrote another id for the address of this peer. */
  hasPin(address: string): boolean {
    return this.#peers.hasPin(address)
  }

  isMisnamed(peer: PeerAddress): boolean {
    return this.#peers.isMisnamed(peer)
  }

  /** The seed at this address is expected to answer with this id from now on. */
  renameSeed({ peerId, address }: PeerAddress): void {
    this.#peers.pin(tidyAddress(address), peerId)
  }

  /** Another id than the operator wrote answered at this address: that is no answer. */
  misnamed(address: string, now: number): Effect[] {
    this.#peers.noteNamed(tidyAddress(address), false)
    return this.contactFailed(address, now)
  }

  /** The peer at that address. */
  at(address: string): Peer | undefined {
    return this.#peers.findByAddress(address)
  }

  /** The peer answered at its address. */
  contactMade(peer: Peer, now: number): Effect[] {
    if (this.#peers.answersMisnamed(peer.address)) return []
    this.calls.noteAnswer(peer.address, now)
    const effects = statusEffects(peer, contactMade(peer, now))
    this.acquaintance.keepOnePerHost(peer)
    return effects
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

  /** The peer of the operator's choice whose turn it is: seeds and trusted ones by turns. */
  #nextChosen(trusted: readonly PeerAddress[]): PeerAddress | undefined {
    this.#wasSeeds = trusted.length === 0 || (!this.#wasSeeds && this.#seedsInTurn().length > 0)
    if (!this.#wasSeeds) return trusted[this.#trustedTurn++ % trusted.length]
    this.#seedTurn += 1
    return this.#seedsInTurn()[0]
  }

  /** The seeds that have not failed, beginning with the one whose turn it is. */
  #seedsInTurn(): Peer[] {
    const seeds = this.#peers.seeds().filter((peer) => peer.status !== 'failed')
    const first = seeds.length === 0 ? 0 : this.#seedTurn % seeds.length
    return [...seeds.slice(first), ...seeds.slice(0, first)]
  }

  #forgottenBefore(now: number): number {
    return now - FORGOTTEN_AFTER_ROUNDS * this.#intervalMs
  }
}

/** What a round exchanges by. */
interface Partnering {
  /** Whether nobody is known to answer. */
  readonly lonely: boolean
  readonly trusted: readonly PeerAddress[]
}

/** The effect that reports a change of status, if there is one. */
function statusEffects(peer: Peer, status: StatusChange | undefined): Effect[] {
  return status === undefined ? [] : [{ type: 'peer-status', peer: addressOf(peer), status }]
}
