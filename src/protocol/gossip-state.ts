import type { Cid } from '../core/cid.ts'
import { DIGEST_MAX_ENTRIES, GOSSIP_MAX_BYTES } from '../core/limits.ts'
import { addressOf, type PeerAddress } from '../core/peers/peer.ts'
import type { Random } from '../core/random.ts'
import type { LocalEntry } from '../core/ranking/frontier.ts'
import { timestamp } from '../core/time.ts'
import type { DigestEntry, GossipMessage, PeerInfo, ShuffleRequest } from '../core/wire/gossip.ts'
import { AdvertisedPlaces, digestFromAnswer } from './gossip/advertised-places.ts'
import { type Announcer, announced, SILENT, setBack, withFrontier } from './gossip/announce.ts'
import { digestOf } from './gossip/digest.ts'
import { DigestCache, NOTE_MAX_BYTES, type Payload } from './gossip/digest-cache.ts'
import type { IncomingDigest } from './gossip/federated-frontier.ts'
import type { FederatedItem, Heard } from './gossip/federated-items.ts'
import { shortId } from './gossip/pending-requests.ts'
import { RoundQuota } from './gossip/round-quota.ts'
import { contactFailed, contactMade, isAnswering, keptCapabilities, type Peer } from './membership/liveness.ts'
import { announcementTargets, exchangePartners, isLonely, roundWait } from './membership/partners.ts'
import { declareFailed, livePeers, statusOf, viewOf, viewsOf } from './membership/peer-status.ts'
import {
  absorb,
  addSeed,
  agePeers,
  createMembership,
  FAILED_ROUNDS,
  find,
  findByAddress,
  heardFrom,
  identify,
  isSelf,
  type Membership,
  offererOf,
  tidyAddress,
} from './membership/sampling.ts'
import { endShuffle, replyToShuffle, type Shuffling, startShuffle } from './membership/shuffle.ts'
import type { Effect, GossipConfig, Input, PeerView } from './messages.ts'

/**
 * One grove's part in the federation, as a state machine: inputs and the time in, effects out (PROTOCOL.md §4). It only
 * composes the files beside it. Call `step` with a `tick` to start; a frontier told before that is taken as old news.
 */
export class GossipState {
  readonly #config: GossipConfig
  readonly #random: Random
  readonly #members: Membership
  readonly #places: AdvertisedPlaces
  readonly #digests: DigestCache
  #announcer: Announcer = SILENT
  /** Bytes left for the entries of a message. */
  readonly #digestBytes: number
  #rounds = 0
  #lonelyRounds = 0
  #nextRoundAt: number | undefined
  #now = 0
  #wakeAt: number | undefined
  readonly #quota = new RoundQuota()
  /** Answers that came in this round. */
  #answers = 0
  #shuffling: Shuffling | undefined

  constructor(config: GossipConfig, random: Random) {
    this.#config = config
    this.#random = random
    this.#members = createMembership(config.self, config.seeds, 0)
    this.#places = new AdvertisedPlaces(config.gossipIntervalMs)
    this.#digests = new DigestCache(config.gossipIntervalMs)
    const empty = this.#message({ frontier: [] }, 0)
    this.#digestBytes = GOSSIP_MAX_BYTES - NOTE_MAX_BYTES - Buffer.byteLength(JSON.stringify(empty))
  }

  /** What to do about this input. `now` is Unix ms; where a clock is set back, what was due stays due as soon as before. */
  step(input: Input, now: number): Effect[] {
    if (now < this.#now) this.#setBack(this.#now - now)
    this.#now = now
    const effects = this.#handle(input, now)
    const never = Number.POSITIVE_INFINITY
    const due = Math.min(this.#nextRoundAt ?? never, this.#announcer.dueAt ?? never, this.#places.pending.dueAt)
    if (Number.isFinite(due) && (due !== this.#wakeAt || input.type === 'tick')) effects.push({ type: 'wake', at: due })
    this.#wakeAt = due
    return effects
  }

  /** All peers known: the view, the seeds outside it, and peers that failed not long ago. */
  peers(): PeerView[] {
    return viewsOf(this.#members)
  }

  /** The peer of that id or address. */
  peer(idOrAddress: string): PeerView | undefined {
    const peer = find(this.#members, idOrAddress) ?? findByAddress(this.#members, idOrAddress)
    return peer && viewOf(this.#members, peer)
  }

  /** Peers that are not in doubt, those heard of last first; without those of whom nobody has spoken for long. */
  livePeers(now: number): PeerAddress[] {
    return livePeers(this.#members, now - FAILED_ROUNDS * this.#config.gossipIntervalMs)
  }

  /** What other groves say is best, each metric and direction best first: claims, without those that nobody repeats. */
  federated(now: number): FederatedItem[] {
    this.#places.expire(now)
    return this.#places.list()
  }

  /** Who advertises this item, most recent first. */
  providersOf(cid: Cid): PeerAddress[] {
    return this.#places.providersOf(cid)
  }

  /** What peers advertise of this item: its manifest confirms or contradicts it. */
  advertisementsOf(cid: Cid): Heard[] {
    return this.#places.advertisementsOf(cid)
  }

  #handle(input: Input, now: number): Effect[] {
    switch (input.type) {
      case 'tick':
        return this.#tick(now)
      case 'frontier':
        return this.#setFrontier(input.entries, now)
      case 'exchange-received':
        return this.#answerExchange(input.message, now)
      case 'exchange-answered':
        return this.#learnFrom(input.peer, input.message, now)
      case 'shuffle-received':
        return this.#answerShuffle(input.request, now)
      case 'shuffle-answered':
        return this.#learnPeers(input.peer, input.response.offered, now)
      case 'contact-failed':
        return this.#suspect(input.peer, now)
      case 'contact-made':
        return this.#contacted(findByAddress(this.#members, input.peer.address), now)
      case 'held':
        for (const cid of input.cids) this.#places.markHeld(cid)
        return []
      case 'advertisement-contradicted':
        this.#places.retract(input.peerId, input.cid, input.unauthenticated)
        return []
      case 'seed-added':
        addSeed(this.#members, input.peer, now)
        return []
    }
  }

  #setBack(byMs: number): void {
    if (this.#nextRoundAt !== undefined) this.#nextRoundAt -= byMs
    this.#announcer = setBack(this.#announcer, byMs)
    this.#places.pending.shiftClock(byMs)
  }

  #tick(now: number): Effect[] {
    const effects = (this.#announcer.dueAt ?? Number.POSITIVE_INFINITY) <= now ? this.#announce(now) : []
    if (this.#places.pending.dueAt <= now) effects.push(...this.#retryRequests(now))
    if ((this.#nextRoundAt ?? now) <= now) effects.push(...this.#round(now))
    return effects
  }

  #round(now: number): Effect[] {
    const { gossipIntervalMs } = this.#config
    this.#quota.beginRound()
    this.#rounds += 1
    agePeers(this.#members, now - FAILED_ROUNDS * gossipIntervalMs)
    const effects = declareFailed(this.#members, gossipIntervalMs, now)
    this.#places.expire(now)
    this.#digests.beginRound()
    if (this.#announcer.places.size > DIGEST_MAX_ENTRIES) this.#refreshDigest(now)
    this.#lonelyRounds = this.#isCallingInVain() ? this.#lonelyRounds + 1 : 0
    this.#answers = 0
    this.#nextRoundAt = now + roundWait(this.#random, gossipIntervalMs, this.#lonelyRounds)
    const partners = exchangePartners(this.#members, this.#random, this.#lonelyRounds > 0)
    effects.push(...partners.map((peer) => this.#exchangeWith(peer, now)))
    return [...effects, ...this.#startShuffle(now)]
  }

  #isCallingInVain(): boolean {
    return this.#answers === 0 && isLonely(this.#members) && this.#members.active.size + this.#members.seeds.size > 0
  }

  #setFrontier(entries: readonly LocalEntry[], now: number): Effect[] {
    const announce = this.#rounds > 0 && this.#config.announcements !== false
    this.#announcer = withFrontier(this.#announcer, entries, {
      announce,
      now,
      isRelayed: (cid) => this.#isRelayed(cid),
    })
    for (const { cid } of entries) this.#places.pending.markKnown(cid)
    this.#refreshDigest(now)
    return []
  }

  #refreshDigest(now: number): void {
    const { entries } = this.#announcer
    this.#digests.setOwn(digestOf(entries, { maxBytes: this.#digestBytes, turn: this.#rounds }), now)
  }

  #announce(now: number): Effect[] {
    const { pending } = this.#announcer
    this.#announcer = announced(this.#announcer, now)
    const partners = announcementTargets(this.#members, this.#random, ({ peerId, address, status }) => {
      return this.#mayLack(peerId, pending) && (status === 'alive' || this.#quota.tryTakeSuspectPush(address))
    })
    return partners.map((peer) => this.#send(peer, this.#announcementTo(peer, pending), now))
  }

  /** One of those who offered what has not come is asked for it, as long as that is within bounds; whoever is known to answer before others. */
  #retryRequests(now: number): Effect[] {
    const questions = this.#places.pending.retry(now, (offerer) => this.#quota.tryTakeRetry(offerer))
    return questions.map(({ peer, ids }) => this.#send(peer, this.#digests.wantPayload(peer.peerId, ids), now))
  }

  #mayLack(peerId: string, entries: readonly LocalEntry[]): boolean {
    return entries.some(({ cid }) => !this.providersOf(cid).some((provider) => provider.peerId === peerId))
  }

  /** What began here goes as entries: nobody has it. What others told goes by id: most have it, and who lacks it asks. */
  #announcementTo({ peerId }: PeerAddress, pending: readonly LocalEntry[]): Payload {
    const relayed = this.#digests.readsNotes(peerId) ? pending.filter(({ cid }) => this.#isRelayed(cid)) : []
    const own = pending.filter((entry) => !relayed.includes(entry))
    return this.#digests.announcementPayload(peerId, this.#digestOf(own), relayed)
  }

  #isRelayed(cid: Cid): boolean {
    return this.providersOf(cid).length > 0
  }

  #digestOf(entries: readonly LocalEntry[]): DigestEntry[] {
    return digestOf(entries, { maxBytes: this.#digestBytes, turn: this.#rounds })
  }

  #answerExchange(message: GossipMessage, now: number): Effect[] {
    const entries = this.#digests.entriesOf(message)
    const reply: Effect = { type: 'reply-exchange', message: this.#message(this.#answerTo(message, now), now) }
    if (isSelf(this.#members, message)) return [reply]
    const effects = this.#listenTo(message, [], now)
    const peer = find(this.#members, message.peerId)
    if (peer !== undefined) peer.capabilities = keptCapabilities(message.capabilities)
    const from = peer ?? { peerId: message.peerId, address: tidyAddress(message.address) }
    return [reply, ...effects, ...this.#merge({ from: addressOf(from), entries, unauthenticated: true }, now)]
  }

  #answerTo(message: GossipMessage, now: number): Payload {
    const { peerId, digest: { ihave, iwant = [] } = {} } = message
    if (iwant.length > 0) return this.#digests.announcementPayload(peerId, this.#wanted(iwant), [])
    if (ihave === undefined || isSelf(this.#members, message)) return this.#digests.replyPayload(message)
    this.#markKnown(message)
    // Before its first round a grove only listens: then it is told everything.
    const asked = this.#rounds === 0 ? [] : this.#places.pending.request(ihave, offererOf(this.#members, message), now)
    return this.#digests.wantPayload(peerId, asked)
  }

  #markKnown({ digest, frontier }: GossipMessage): void {
    if (digest?.ihave !== undefined) for (const { cid } of frontier) this.#places.pending.markKnown(cid)
  }

  #wanted(iwant: readonly string[]): DigestEntry[] {
    const ids = new Set(iwant)
    return ids.size === 0 ? [] : this.#digestOf(this.#announcer.entries.filter(({ cid }) => ids.has(shortId(cid))))
  }

  #learnFrom(dialled: PeerAddress, message: GossipMessage, now: number): Effect[] {
    const entries = this.#digests.entriesOf(message)
    this.#markKnown(message)
    const peer = identify(this.#members, dialled, message.peerId, now)
    if (message.peerId === this.#config.self.peerId) return []
    if (peer !== undefined) peer.capabilities = keptCapabilities(message.capabilities)
    const from = { peerId: message.peerId, address: tidyAddress(dialled.address) }
    const effects = [...this.#contacted(peer, now), ...this.#merge(digestFromAnswer(from, peer, entries), now)]
    if (this.#digests.needsWhole(message, dialled.peerId))
      effects.push(this.#send(from, this.#digests.wholePayload(from.peerId), now))
    const iwant = message.digest?.iwant?.filter((id) => this.#quota.tryTakeSend(from.address, id)) ?? []
    const wanted = this.#wanted(iwant)
    if (wanted.length === 0) return effects
    return [...effects, this.#send(from, this.#digests.announcementPayload(from.peerId, wanted, []), now)]
  }

  #answerShuffle({ sender, offered }: ShuffleRequest, now: number): Effect[] {
    if (isSelf(this.#members, sender)) return [{ type: 'reply-shuffle', response: { offered: [] } }]
    const { effect, replaceable } = replyToShuffle(this.#members, this.#random, sender)
    if (!this.#quota.tryTakeShuffle()) return [effect]
    const effects = this.#listenTo(sender, replaceable, now)
    absorb(this.#members, offered, replaceable, now)
    return [effect, ...effects]
  }

  #startShuffle(now: number): Effect[] {
    const started = startShuffle(this.#members, this.#random, now)
    this.#shuffling = started?.shuffling
    return started === undefined ? [] : [started.effect]
  }

  #learnPeers(dialled: PeerAddress, offered: readonly PeerInfo[], now: number): Effect[] {
    const effects = this.#contacted(findByAddress(this.#members, dialled.address), now)
    if (this.#shuffling?.peerId !== dialled.peerId) return effects
    endShuffle(this.#members, this.#shuffling, offered, now)
    this.#shuffling = undefined
    return effects
  }

  /** Somebody spoke to us: known from now on if there is room, and called back where only an answer proves the address. */
  #listenTo(from: PeerAddress, replaceable: string[], now: number): Effect[] {
    const known = find(this.#members, from.peerId)
    const peer = heardFrom(this.#members, from, replaceable, now)
    if (peer === undefined) return []
    const effects = known === undefined && peer.peerId === from.peerId ? statusOf(peer, 'alive') : []
    if (peer.status === 'alive') peer.lastSeen = now
    if (isAnswering(peer) || this.#rounds === 0 || !this.#quota.tryTakeCallback(peer.address)) return effects
    return [...effects, this.#exchangeWith(peer, now)]
  }

  #contacted(peer: Peer | undefined, now: number): Effect[] {
    if (peer === undefined) return []
    this.#answers += 1
    return statusOf(peer, contactMade(peer, now))
  }

  #suspect(dialled: PeerAddress, now: number): Effect[] {
    const peer = findByAddress(this.#members, dialled.address)
    const effects = peer === undefined ? [] : statusOf(peer, contactFailed(peer, now))
    if (this.#shuffling?.peerId !== dialled.peerId) return effects
    this.#shuffling = undefined
    return this.#quota.tryTakeShuffleRetry() ? [...effects, ...this.#startShuffle(now)] : effects
  }

  #merge(heard: IncomingDigest, now: number): Effect[] {
    const advertisements = this.#places.merge(heard, this.#announcer, now)
    const effects: Effect[] = heard.entries.length === 0 ? [] : [{ type: 'heard', entries: heard.entries }]
    if (advertisements.length > 0) effects.push({ type: 'discovered', entries: advertisements })
    return effects
  }

  #exchangeWith(peer: PeerAddress, now: number): Effect {
    return this.#send(peer, this.#digests.requestPayload(peer.peerId, now), now)
  }

  #send(peer: PeerAddress, payload: Payload, now: number): Effect {
    this.#quota.noteCall(peer.address)
    return { type: 'send-exchange', peer: addressOf(peer), message: this.#message(payload, now) }
  }

  /** A replica has no queue: each step answers at once, so its load is always 0. */
  #message(payload: Payload, now: number): GossipMessage {
    const { self, capabilities } = this.#config
    return { ...self, ...payload, load: { queueDepth: 0 }, capabilities, timestamp: timestamp(now) }
  }
}
