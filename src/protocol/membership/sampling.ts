import { BoundedMap } from '../../concurrency/bounded.ts'
import { tidyAddress } from '../../core/peers/endpoint.ts'
import type { Hosts } from '../../core/peers/hosts.ts'
import { addressOf, type PeerAddress } from '../../core/peers/peer.ts'
import { hexDigits, type Random, sample } from '../../core/random.ts'
import { type NamedPeer, SAMPLE_MAX } from '../../core/wire/gossip.ts'
import { Book, isFit, type ProvenPeer } from './book.ts'
import { suspicionRounds } from './liveness.ts'
import { Lots } from './lots.ts'
import { RankedView, SLOTS } from './ranked-view.ts'

/** Peers of the view asked in a round: while there is somebody to find out about, and otherwise. */
const ASKED = 3
const ASKED_IDLE = 2
/** Peers that an answer is to name when there is nobody left to find out about. */
const SAMPLE_IDLE = 5
/** Peers that don't answer, called again in a round. */
const SILENT_A_ROUND = 3
/** Where at least so many calls of a round were in vain, and half of all, many peers are called. */
const ALARM = 2
/** Candidates called in a round. */
const CANDIDATES_A_ROUND = 16
/** Callers called back: in a round, and saved up for later. */
const CALLERS_A_ROUND = 0.25
const CALLERS_MAX = 3
/** Rounds after which a caller may be called back again: the answer may have been lost. */
const CALLED_BACK_ROUNDS = 8
/** Below so many proven peers only seeds are asked, as long as one answers: no attacker does. */
const SMALL_BOOK = 64
/** Peers in an answer that were proven last, so that newcomers get known. */
const LATEST = 3
/** Draws from the book for one answer. */
const DRAWS_MAX = 40
/** Only peers that answered within so many rounds are named to others. */
const NAMED_ROUNDS = 64
/** Failed peers that are not called on others' word, and for how many rounds. */
const FAILED_MAX = 64
const FAILED_ROUNDS = 100
/** How often those are listened to again whose names were bad. */
const FORGIVEN_ROUNDS = 64
/** Rounds of silence, and calls in vain, after which a peer has failed. */
const SILENCE_ROUNDS = suspicionRounds(SLOTS)
const SILENCE_CALLS = 4
const HASH_KEY_DIGITS = 64

export interface SamplingOptions {
  readonly self: PeerAddress
  readonly hosts: Hosts
  /** Numbers that nobody else knows: who could foresee them could choose the view. */
  readonly random: Random
  /** Whether a peer may be known so: by the form of its address, and what is written of that. */
  readonly admits?: (peer: PeerAddress) => boolean
  /** Whether the operator lets a peer take part. */
  readonly accepts: (peer: PeerAddress) => boolean
}

/** What a round of sampling does. */
export interface SamplingRound {
  /** Peers to ask who is there. */
  readonly calls: PeerAddress[]
  /** Peers of which it is only to be found out whether they are there. */
  readonly probes: PeerAddress[]
  /** Peers that have failed. */
  readonly failed: PeerAddress[]
}

/** What came of an answer. */
export type Proving = 'new' | 'recovered' | undefined

/**
 * Peer sampling that can't be flooded (docs/GOSSIP.md). A peer counts once it has answered a call
 * of this grove at its address under its key; who is called is drawn by lot among all that are
 * named, and the view is chosen among all that count by secret hashes. So attackers get the share
 * that they have of identities, however much they say.
 */
export class Sampling {
  readonly #options: SamplingOptions
  readonly #book: Book
  readonly #view: RankedView
  readonly #lots: Lots
  /** In which round a peer failed, by id. */
  readonly #failed = new BoundedMap<string, number>(FAILED_MAX)
  /** Peers that were proven last, the latest first. */
  #latest: ProvenPeer[] = []
  /** Callers that may be called back now. */
  #callers = CALLERS_MAX
  /** Candidates called in this round. */
  #called = 0
  /** Calls of this round that were in vain, and those that were answered. */
  #missed = 0
  #answered = 0
  #round = 0

  constructor(options: SamplingOptions) {
    this.#options = options
    this.#book = new Book(options.hosts, hexDigits(options.random, HASH_KEY_DIGITS))
    this.#view = new RankedView(options.random)
    this.#lots = new Lots(options.random)
  }

  /** The view. */
  view(): readonly ProvenPeer[] {
    return this.#view.peers()
  }

  /** All proven peers. */
  proven(): readonly ProvenPeer[] {
    return this.#book.values()
  }

  get(peerId: string): ProvenPeer | undefined {
    return this.#book.get(peerId)
  }

  /** How many peers an answer is to name. */
  get wanted(): number {
    return this.#isIdle ? SAMPLE_IDLE : SAMPLE_MAX
  }

  /**
   * Begins a round. `seeds` are the operator's, and with `exchanged` the round exchanges anyway,
   * which shows as well that they are there.
   */
  beginRound(seeds: readonly PeerAddress[], exchanged: readonly PeerAddress[] = []): SamplingRound {
    const isAlarmed = this.#missed >= ALARM && this.#missed >= this.#answered
    this.#round += 1
    this.#called = 0
    this.#missed = 0
    this.#answered = 0
    this.#callers = Math.min(CALLERS_MAX, this.#callers + CALLERS_A_ROUND)
    if (this.#round % FORGIVEN_ROUNDS === 0) this.#lots.forgive()
    if (this.#round % CALLED_BACK_ROUNDS === 0) this.#lots.callBackAgain()
    const failed = this.#book.values().filter((peer) => this.#isSilent(peer))
    for (const { peerId } of failed) this.forget(peerId)
    this.#view.renew(this.#book.values())
    for (const { peerId } of exchanged) this.#noteCall(peerId)
    const namers = this.#book.size < SMALL_BOOK ? seeds.filter((seed) => this.#answers(seed)) : []
    const asked = isAlarmed ? this.view() : this.#askedOf(namers)
    const others = this.#longestUncalled(asked, isAlarmed ? SLOTS : 1)
    const calls = [...asked, ...others].map(addressOf)
    for (const { peerId } of calls) this.#noteCall(peerId)
    const probes = this.#probed(namers)
    for (const { peerId } of probes) this.#noteCall(peerId)
    const drawn = this.#drawn(CALLERS_MAX)
    return { calls: [...calls, ...drawn], probes, failed: failed.map(addressOf) }
  }

  /** A peer answered at its address under its key; `seq` is the number of its record. */
  proved(given: NamedPeer): Proving {
    const peer = { ...given, address: tidyAddress(given.address) }
    if (!this.#mayKnow(peer)) return undefined
    this.#answered += 1
    this.#lots.noteAnswer(peer.peerId, true)
    const known = this.#book.get(peer.peerId)
    const there = this.#book.at(peer.address)
    const wasFit = known !== undefined && isFit(known)
    const proven = this.#book.prove(peer, this.#round)
    for (const left of [known, there])
      if (left !== undefined && this.#book.get(left.peerId) !== left) this.#leave(left)
    if (proven === undefined) return undefined
    this.#failed.delete(peer.peerId)
    this.#view.place(proven)
    if (proven === known) return wasFit ? undefined : 'recovered'
    this.#latest = [proven, ...this.#latest].slice(0, 2 * LATEST)
    return known === undefined ? 'new' : undefined
  }

  /** A call to this peer was in vain. One that was thought to answer is called again at once. */
  missed({ peerId, address }: PeerAddress): PeerAddress[] {
    this.#lots.noteAnswer(peerId, false)
    const peer = this.#book.get(peerId)
    if (peer?.address !== tidyAddress(address)) return []
    if (peer.missed === 0) peer.missedSince = this.#round
    peer.missed += 1
    this.#missed += 1
    if (isFit(peer)) return [addressOf(peer)]
    this.#view.remove(peer, this.#book.values())
    this.#lots.missed(peerId)
    return []
  }

  /** A peer is not to be known any more. */
  forget(peerId: string): void {
    this.#failed.set(peerId, this.#round)
    const peer = this.#book.get(peerId)
    this.#book.remove(peerId)
    if (peer !== undefined) this.#leave(peer)
  }

  /** What a proven peer named when it was asked. The peers to call because of it. */
  learn(from: string, named: readonly NamedPeer[]): PeerAddress[] {
    const namer = this.#book.get(from)
    if (namer === undefined) return []
    const { hosts } = this.#options
    // Who is reached over the internet can't know who is on this machine or network.
    const isNear = (address: string) => hosts.keyOf(address) === undefined
    const unknown = named
      .slice(0, SAMPLE_MAX)
      .filter((one) => this.#isUnknown(one) && (isNear(namer.address) || !isNear(one.address)))
    this.#lots.name(from, unknown)
    return this.#drawn(0)
  }

  /** Peers that had been proven before this grove was started. They have to answer again. */
  remember(peers: readonly NamedPeer[]): void {
    this.#lots.remember(peers.filter((one) => this.#isUnknown(one)))
  }

  /** A peer called. The peers to call because of it. */
  heard(caller: NamedPeer): PeerAddress[] {
    if (!this.#isNews(caller)) return []
    this.#lots.call(caller)
    // Where few have called lately, nobody has to wait for the lot.
    return this.#callers >= CALLERS_MAX ? this.#drawn(1) : []
  }

  /**
   * Up to so many peers to name to one that asks: whoever else has its key, those proven last, then
   * any.
   */
  offer(asker: PeerAddress, most: number): NamedPeer[] {
    const mayName = (peer: ProvenPeer) =>
      peer.missed === 0 &&
      peer.answeredIn > this.#round - NAMED_ROUNDS &&
      (peer.peerId !== asker.peerId || peer.address !== asker.address)
    const twin = this.#book.get(asker.peerId)
    const first = [...(twin === undefined ? [] : [twin]), ...this.#latest]
    const named = new Set(first.filter(mayName).slice(0, Math.min(LATEST, most)))
    for (let draws = 0; draws < DRAWS_MAX && named.size < most; draws += 1) {
      const peer = this.#book.any(this.#options.random)
      if (peer !== undefined && mayName(peer)) named.add(peer)
    }
    // Where few answer, those that do are worth a walk through the book.
    for (const peer of named.size < most ? this.#book.values() : [])
      if (named.size < most && mayName(peer)) named.add(peer)
    return [...named].map(({ peerId, address, seq }) => ({ peerId, address, seq }))
  }

  checkInvariants(): void {
    this.#book.checkInvariants()
    this.#view.checkInvariants(this.#book)
  }

  get #isIdle(): boolean {
    return this.#lots.size === 0 && this.#book.size > 0
  }

  #isSilent(peer: ProvenPeer): boolean {
    return peer.missed >= SILENCE_CALLS && this.#round - peer.missedSince >= SILENCE_ROUNDS
  }

  #leave(peer: ProvenPeer): void {
    this.#latest = this.#latest.filter((other) => other !== peer)
    this.#view.remove(peer, this.#book.values())
  }

  #noteCall(peerId: string): void {
    const peer = this.#book.get(peerId)
    if (peer !== undefined) peer.calledIn = this.#round
  }

  #answers({ peerId }: PeerAddress): boolean {
    return this.#book.get(peerId)?.missed === 0
  }

  /** Whom to ask: seeds if there are such to be asked alone, or else the view. */
  #askedOf(namers: readonly PeerAddress[]): readonly PeerAddress[] {
    if (namers.length > 0) return sample(this.#options.random, namers, this.#isIdle ? 1 : ASKED)
    return this.#ofView(this.#isIdle ? ASKED_IDLE : ASKED)
  }

  /** Where seeds alone are asked, of the view it is only found out whether it is there. */
  #probed(namers: readonly PeerAddress[]): PeerAddress[] {
    const probed = namers.length > 0 ? this.#ofView(ASKED_IDLE) : []
    return probed.filter(({ calledIn }) => calledIn < this.#round).map(addressOf)
  }

  /** So many of the view, those first that don't answer, and that were not called for longest. */
  #ofView(count: number): readonly ProvenPeer[] {
    const sorted = this.view().toSorted((a, b) => b.missed - a.missed || a.calledIn - b.calledIn)
    return sorted.slice(0, count)
  }

  /** So many peers of the book that were not called for longest, and some that don't answer. */
  #longestUncalled(besides: readonly PeerAddress[], count: number): ProvenPeer[] {
    const asked = new Set(besides.map(({ peerId }) => peerId))
    const steady: ProvenPeer[] = []
    const silent: ProvenPeer[] = []
    for (const peer of this.#book.values()) {
      if (asked.has(peer.peerId)) continue
      if (peer.missed === 0) keepEarliest(steady, peer, count)
      else keepEarliest(silent, peer, SILENT_A_ROUND)
    }
    return [...steady, ...silent]
  }

  /** Candidates to call now, of them so many callers at most. */
  #drawn(callersMax: number): PeerAddress[] {
    const most = Math.min(callersMax, Math.floor(this.#callers))
    const callers = this.#lots.drawCallers(most, (one) => this.#isNews(one))
    this.#callers -= callers.length
    const room = CANDIDATES_A_ROUND - this.#called - callers.length
    const drawn = [...callers, ...this.#lots.drawNamed(room, (one) => this.#isUnknown(one))]
    this.#called += drawn.length
    return drawn.map(addressOf)
  }

  /** Whether a peer that others name is to be called. */
  #isUnknown(one: NamedPeer): boolean {
    const failedIn = this.#failed.get(one.peerId)
    return this.#isNews(one) && (failedIn === undefined || this.#round - failedIn >= FAILED_ROUNDS)
  }

  /** Whether it would be news if this peer answered. */
  #isNews({ peerId, address, seq }: NamedPeer): boolean {
    const known = this.#book.get(peerId)
    const hasMoved = known !== undefined && known.address !== address && seq > known.seq
    if (known !== undefined && isFit(known) && !hasMoved) return false
    const there = this.#book.at(address)
    if (there !== undefined && there !== known && isFit(there)) return false
    return this.#mayKnow({ peerId, address }) && this.#book.wants(peerId)
  }

  #mayKnow(peer: PeerAddress): boolean {
    const { self, accepts, admits = () => true } = this.#options
    if (peer.peerId === self.peerId || peer.address === self.address || !accepts(peer)) return false
    return this.#book.get(peer.peerId)?.address === peer.address || admits(peer)
  }
}

/** Keeps so many of the peers that were not called for longest, the earliest first. */
function keepEarliest(kept: ProvenPeer[], peer: ProvenPeer, most: number): void {
  const last = kept.at(-1)
  if (kept.length >= most && last !== undefined && last.calledIn <= peer.calledIn) return
  const index = kept.findIndex((other) => peer.calledIn < other.calledIn)
  kept.splice(index < 0 ? kept.length : index, 0, peer)
  if (kept.length > most) kept.pop()
}
