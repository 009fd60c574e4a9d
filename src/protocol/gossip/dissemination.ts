import type { Cid } from '../../core/cid.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Random } from '../../core/random.ts'
import type { LocalEntry } from '../../core/ranking/frontier.ts'
import type { DigestEntry, GossipMessage } from '../../core/wire/gossip.ts'
import type { Membership } from '../membership/membership.ts'
import type { Sender } from '../membership/sender.ts'
import type { Effect, FrontierInput, GossipConfig } from '../messages.ts'
import type { RoundQuota } from '../round-quota.ts'
import { AdvertisedPlaces } from './advertised-places.ts'
import { Announcements } from './announcements.ts'
import { DigestCache, type Payload } from './digest-cache.ts'
import type { IncomingDigest } from './federated-frontier.ts'
import type { FederatedItem, Heard } from './federated-items.ts'
import { LocalFrontier } from './local-frontier.ts'
import { Outbox } from './outbox.ts'

/** To whom a reply goes. */
interface Caller {
  /** Whether it is this grove itself, at another of its addresses. */
  readonly isSelf: boolean
  /** Of whom items may be requested. */
  readonly sender: Sender | undefined
}

/** Who answered: the peer as it was dialled, and as it is known since its answer. */
interface Answerer {
  readonly dialled: PeerAddress
  readonly from: PeerAddress
}

/**
 * The half of gossip that is about items, as membership is about peers: what this grove advertises,
 * hears and requests.
 */
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
    const places = new AdvertisedPlaces(local, intervalMs, config.hosts)
    this.#outbox = outbox
    this.#digests = digests
    this.#places = places
    this.#announcements = new Announcements({ local, places, digests, outbox, quota, random })
    this.#mayAnnounce = announcements
  }

  /** When the next push or retry is due (Unix ms); infinite without any. */
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

  /** Makes the pushes and retries that are due. */
  tick(members: Membership, now: number): Effect[] {
    return this.#announcements.tick(members, now)
  }

  /** The places in these metrics, or all, are now these. If they are news, they are announced. */
  setFrontier(
    { entries, metrics }: FrontierInput,
    { now, isNews }: { readonly now: number; readonly isNews: boolean },
  ): void {
    const isAnnounced = isNews && this.#mayAnnounce
    this.#announcements.setFrontier(entries, { metrics, now, isNews: isAnnounced })
    this.#digests.refresh(now)
  }

  /** One of the places that the item has in the local frontier. */
  localEntry(cid: Cid): LocalEntry | undefined {
    return this.#local.entryOf(cid)
  }

  /** These items are held here now. */
  markHeld(cids: readonly Cid[]): void {
    for (const cid of cids) {
      this.#places.markHeld(cid)
      this.#announcements.markKnown(cid)
    }
  }

  /** Drops what was advertised of the item in this peer's name. */
  retract(peerId: string, cid: Cid, unauthenticated?: boolean): void {
    this.#places.retract(peerId, cid, unauthenticated)
  }

  federated(now: number): FederatedItem[] {
    return this.#places.list(now)
  }

  providersOf(cid: Cid): PeerAddress[] {
    return this.#places.providersOf(cid)
  }

  advertisementsOf(cid: Cid): Heard[] {
    return this.#places.advertisementsOf(cid)
  }

  /** The periodic exchange: this grove's digest for the peer's. A probe has a fingerprint only. */
  exchangeWith(peer: PeerAddress, { isProbe, now }: { isProbe: boolean; now: number }): Effect {
    const payload = isProbe
      ? this.#digests.probePayload(peer.peerId)
      : this.#digests.requestPayload(peer.peerId, now)
    return this.#outbox.send(peer, payload, now)
  }

  /** The entries that a message stands for, to be merged once their source is known. */
  read(message: GossipMessage): DigestEntry[] {
    return this.#digests.entriesOf(message)
  }

  /** The entries that an answer stands for. Those that were requested are known from now on. */
  readAnswer(message: GossipMessage): DigestEntry[] {
    const entries = this.#digests.entriesOf(message)
    this.#announcements.noteEntries(message)
    return entries
  }

  /** The reply to a message, which has been read. */
  reply(message: GossipMessage, caller: Caller, now: number): Effect {
    return this.#outbox.reply(this.#payloadFor(message, caller, now), now)
  }

  /** Sends what an answer shows its sender to lack: the whole digest, and requested entries. */
  sendMissing(message: GossipMessage, { dialled, from }: Answerer, now: number): Effect[] {
    const wanted = this.#announcements.sendWanted(message, from, now)
    if (!this.#digests.needsWhole(message, dialled.peerId)) return wanted
    return [this.#outbox.send(from, this.#digests.wholePayload(from.peerId), now), ...wanted]
  }

  /** Merges a digest. What is new of it is discovered, unless it is held here. */
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
