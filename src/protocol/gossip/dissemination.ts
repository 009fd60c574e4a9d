import type { Cid } from '../../core/cid.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Random } from '../../core/random.ts'
import type { LocalEntry } from '../../core/ranking/frontier.ts'
import type { DigestEntry, GossipMessage } from '../../core/wire/gossip.ts'
import type { Peer } from '../membership/liveness.ts'
import type { Sender } from '../membership/membership.ts'
import type { Effect, GossipConfig } from '../messages.ts'
import type { RoundQuota } from '../round-quota.ts'
import { AdvertisedPlaces } from './advertised-places.ts'
import { Announcements } from './announcements.ts'
import { DigestCache, type Payload } from './digest-cache.ts'
import type { IncomingDigest } from './federated-frontier.ts'
import type { FederatedItem, Heard } from './federated-items.ts'
import { LocalFrontier } from './local-frontier.ts'
import { Outbox } from './outbox.ts'

/** Who is answered: this grove itself, somebody, or nobody that is asked for anything yet. */
interface Caller {
  readonly isSelf: boolean
  readonly sender: Sender | undefined
}

/** Who answered: the peer as it was dialled, and as it is known since. */
interface Answerer {
  readonly dialled: PeerAddress
  readonly from: PeerAddress
}

/** The half of gossip that is about items, as membership is about peers: what this grove tells, hears and asks for. */
export class Dissemination {
  readonly #local = new LocalFrontier()
  readonly #outbox: Outbox
  readonly #digests: DigestCache
  readonly #places: AdvertisedPlaces
  readonly #announcements: Announcements
  readonly #mayAnnounce: boolean

  constructor(config: GossipConfig, quota: RoundQuota, random: Random) {
    const { gossipIntervalMs: intervalMs, announcements = true } = config
    const local = this.#local
    const outbox = new Outbox(config, quota)
    const digests = new DigestCache(local, { intervalMs, entryBytes: outbox.entryBytes })
    const places = new AdvertisedPlaces(local, intervalMs)
    this.#outbox = outbox
    this.#digests = digests
    this.#places = places
    this.#announcements = new Announcements({ local, places, digests, outbox, quota, random })
    this.#mayAnnounce = announcements
  }

  /** When there is something to push or to ask again (Unix ms); infinite where there is nothing. */
  get dueAt(): number {
    return this.#announcements.dueAt
  }

  shiftClock(byMs: number): void {
    this.#announcements.shiftClock(byMs)
  }

  checkInvariants(): void {
    this.#digests.checkInvariants()
    this.#places.checkInvariants()
    this.#announcements.checkInvariants()
  }

  beginRound(now: number): void {
    this.#places.expire(now)
    this.#digests.beginRound(now)
  }

  /** Pushes and asks again what is due. */
  tick(view: readonly Peer[], now: number): Effect[] {
    return this.#announcements.tick(view, now)
  }

  /** The best of what is held here is now this. What was there before the first round is not news. */
  setFrontier(entries: readonly LocalEntry[], now: number, isNews: boolean): void {
    this.#announcements.setFrontier(entries, now, isNews && this.#mayAnnounce)
    this.#digests.refresh(now)
  }

  /** These are held here now. */
  markHeld(cids: readonly Cid[]): void {
    for (const cid of cids) {
      this.#places.markHeld(cid)
      this.#announcements.markKnown(cid)
    }
  }

  retract(peerId: string, cid: Cid, unauthenticated?: boolean): void {
    this.#places.retract(peerId, cid, unauthenticated)
  }

  federated(now: number): FederatedItem[] {
    this.#places.expire(now)
    return this.#places.list()
  }

  providersOf(cid: Cid): PeerAddress[] {
    return this.#places.providersOf(cid)
  }

  advertisementsOf(cid: Cid): Heard[] {
    return this.#places.advertisementsOf(cid)
  }

  /** Tells a peer this grove's digest, and asks for its own. */
  exchangeWith(peer: PeerAddress, now: number): Effect {
    return this.#outbox.send(peer, this.#digests.requestPayload(peer.peerId, now), now)
  }

  /** The entries that a message stands for. They are merged once it is known whose word they are. */
  read(message: GossipMessage): DigestEntry[] {
    return this.#digests.entriesOf(message)
  }

  /** The entries that an answer stands for. Those that were asked for are known from now on. */
  readAnswer(message: GossipMessage): DigestEntry[] {
    const entries = this.#digests.entriesOf(message)
    this.#announcements.noteEntries(message)
    return entries
  }

  /** The answer to a message that was sent here, after it was read. */
  reply(message: GossipMessage, caller: Caller, now: number): Effect {
    return this.#outbox.reply(this.#payloadFor(message, caller, now), now)
  }

  /** What an answer shows to be missing at its sender: the whole digest, or entries. */
  sendMissing(message: GossipMessage, { dialled, from }: Answerer, now: number): Effect[] {
    const wanted = this.#announcements.sendWanted(message, from, now)
    if (!this.#digests.needsWhole(message, dialled.peerId)) return wanted
    return [this.#outbox.send(from, this.#digests.wholePayload(from.peerId), now), ...wanted]
  }

  /** Takes in a digest: what is new of it was discovered, unless it is held here. */
  merge(digest: IncomingDigest, now: number): Effect[] {
    const fresh = this.#places.merge(digest, now)
    for (const { cid } of fresh) this.#announcements.markKnown(cid)
    const discovered = fresh.filter(({ cid }) => !this.#places.isHeld(cid))
    const effects: Effect[] = []
    if (digest.entries.length > 0) effects.push({ type: 'heard', entries: digest.entries })
    if (discovered.length > 0) effects.push({ type: 'discovered', entries: discovered })
    return effects
  }

  #payloadFor(message: GossipMessage, { isSelf, sender }: Caller, now: number): Payload {
    const wanted = this.#announcements.answerRequest(message)
    if (wanted !== undefined) return wanted
    const isAnnouncement = message.digest?.ihave !== undefined
    if (isSelf || !isAnnouncement) return this.#digests.replyPayload(message)
    return this.#announcements.answer(message, sender, now)
  }
}
