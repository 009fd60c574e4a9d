import type { Cid } from '../../core/cid.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Random } from '../../core/random.ts'
import type { LocalEntry } from '../../core/ranking/frontier.ts'
import type { DigestEntry, GossipMessage } from '../../core/wire/gossip.ts'
import type { Peer } from '../membership/liveness.ts'
import type { Membership } from '../membership/membership.ts'
import { pushOrder } from '../membership/partners.ts'
import type { Sender } from '../membership/sender.ts'
import type { Effect } from '../messages.ts'
import type { RoundQuota } from '../round-quota.ts'
import type { AdvertisedPlaces } from './advertised-places.ts'
import type { DigestCache, Payload } from './digest-cache.ts'
import type { LocalFrontier } from './local-frontier.ts'
import type { Outbox } from './outbox.ts'
import { PendingRequests } from './pending-requests.ts'
import { PushQueue } from './push-queue.ts'

/** Seeds outside the view that are told first of what began here. Of what others told, one is. */
const SEEDS_TOLD = 3
/** Peers that one push goes to. */
const PUSHED_MAX = 10
/** Entries that are pushed to a peer that is not proven; beyond it only ids are. */
const PROBE_MAX_BYTES = 1_024

/** The parts that announcements work with. */
export interface AnnouncementParts {
  readonly local: LocalFrontier
  readonly places: AdvertisedPlaces
  readonly digests: DigestCache
  readonly outbox: Outbox
  readonly quota: RoundQuota
  readonly random: Random
}

/**
 * Pushes what newly enters the local frontier at once, and requests what peers announce. An item
 * that began here goes as an entry: no peer has it yet. A relayed item, one that peers advertise,
 * goes by its short id (IHAVE in Plumtree; Leitão, Pereira, Rodrigues 2007): most peers have it,
 * and those that lack it request it (IWANT).
 */
export class Announcements {
  readonly #parts: AnnouncementParts
  readonly #queue = new PushQueue()
  readonly #pending = new PendingRequests()

  constructor(parts: AnnouncementParts) {
    this.#parts = parts
  }

  /** When the next push or retry is due (Unix ms); infinite without any. */
  get dueAt(): number {
    return Math.min(this.#queue.dueAt, this.#pending.dueAt)
  }

  shiftClock(byMs: number): void {
    this.#queue.shiftClock(byMs)
    this.#pending.shiftClock(byMs)
  }

  checkInvariants(): void {
    this.#queue.checkInvariants()
    this.#pending.checkInvariants()
  }

  /** The item is known here: it is not requested. */
  markKnown(cid: Cid): void {
    this.#pending.markKnown(cid)
  }

  /**
   * The places in these metrics become `entries`; without metrics, all places do. New places are
   * announced if they are news.
   */
  setFrontier(
    entries: readonly LocalEntry[],
    {
      metrics,
      now,
      isNews,
    }: { metrics: readonly string[] | undefined; now: number; isNews: boolean },
  ): void {
    const { local } = this.#parts
    const told = metrics && new Set(metrics)
    this.#queue.update(entries, {
      isTold: (metric) => told?.has(metric) ?? true,
      isNew: (entry) => isNews && !local.hasPlace(entry),
      isRelayed: (entry) => this.#isRelayed(entry),
      now,
    })
    local.set(entries, metrics)
    for (const { cid } of entries) this.#pending.markKnown(cid)
  }

  /** Pushes what is due to the peers of the view that may lack it, and repeats overdue requests. */
  tick(members: Membership, now: number): Effect[] {
    const pushed = this.#queue.dueAt <= now ? this.#push(members, now) : []
    return this.#pending.dueAt <= now ? [...pushed, ...this.#retry(now)] : pushed
  }

  /** The answer to an announcement: a request for what is missing, unless no sender is given. */
  answer(message: GossipMessage, sender: Sender | undefined, now: number): Payload {
    this.noteEntries(message)
    const offered = message.digest?.ihave ?? []
    const missing = sender === undefined ? [] : this.#pending.request(offered, sender, now)
    return this.#parts.digests.wantPayload(message.peerId, missing)
  }

  /** The answer to a request for entries; undefined where the message is none. */
  answerRequest({ peerId, digest }: GossipMessage): Payload | undefined {
    const { iwant = [] } = digest ?? {}
    if (iwant.length === 0) return undefined
    return this.#parts.digests.announcementPayload(peerId, this.#entriesFor(iwant), [])
  }

  /** Sends the entries that an answer requests, each once a round and peer. */
  sendWanted({ digest }: GossipMessage, from: PeerAddress, now: number): Effect[] {
    const { digests, outbox, quota } = this.#parts
    const granted: string[] = []
    for (const id of digest?.iwant ?? []) if (quota.tryTakeSend(from.address, id)) granted.push(id)
    const entries = this.#entriesFor(granted)
    if (entries.length === 0) return []
    return [outbox.send(from, digests.announcementPayload(from.peerId, entries, []), now)]
  }

  /** The entries of an announcement, or of the answer to a request, are known from now on. */
  noteEntries({ digest, frontier }: GossipMessage): void {
    if (digest?.ihave === undefined) return
    for (const { cid } of frontier) this.#pending.markKnown(cid)
  }

  #push(members: Membership, now: number): Effect[] {
    const { outbox, random } = this.#parts
    const entries = this.#queue.take(now)
    const began = entries.some((entry) => !this.#isRelayed(entry))
    const among = (peers: readonly Peer[]) => this.#withinQuota(this.#lacking(peers, entries))
    const seeds = among(members.seedsOutside(began ? SEEDS_TOLD : 1))
    const targets: { readonly peer: Peer; readonly isProven: boolean }[] = []
    for (const peer of pushOrder({ seeds, view: among(members.active()) }, random)) {
      if (targets.length >= PUSHED_MAX) break
      const isProven = members.calls.isProven(peer.address, now)
      if (isProven || members.calls.tryTake(peer, now)) targets.push({ peer, isProven })
    }
    return targets.map(({ peer, isProven }) =>
      outbox.send(peer, this.#payloadFor(peer, entries, isProven), now),
    )
  }

  /** The peers that are not known to have all of these. */
  #lacking(view: readonly Peer[], entries: readonly LocalEntry[]): Peer[] {
    const providers = entries.map(({ cid }) => {
      const known = this.#parts.places.providersOf(cid)
      return new Set(known.map(({ peerId }) => peerId))
    })
    return view.filter(({ peerId }) => !providers.every((known) => known.has(peerId)))
  }

  /** The peers to push to now: suspects once a round. */
  #withinQuota(peers: readonly Peer[]): Peer[] {
    const admitted: Peer[] = []
    for (const peer of peers) {
      if (peer.status === 'alive' || this.#parts.quota.tryTakeSuspectPush(peer.address))
        admitted.push(peer)
    }
    return admitted
  }

  /** What began here goes as entries, unless it is much for a peer that is not proven. */
  #payloadFor({ peerId }: Peer, entries: readonly LocalEntry[], isProven: boolean): Payload {
    const { digests } = this.#parts
    const goesById =
      isProven || isSmall(entries) ? (entry: LocalEntry) => this.#isRelayed(entry) : () => true
    const byId = digests.readsNotes(peerId) ? entries.filter(goesById) : []
    const whole = entries.filter((entry) => !byId.includes(entry))
    return digests.announcementPayload(peerId, digests.entriesFor(whole), byId)
  }

  /** Requests overdue items again, of other offerers. */
  #retry(now: number): Effect[] {
    const { digests, outbox, quota } = this.#parts
    const requests = this.#pending.retry(now, quota)
    return requests.map(({ peer, ids }) =>
      outbox.send(peer, digests.wantPayload(peer.peerId, ids), now),
    )
  }

  #entriesFor(ids: readonly string[]): DigestEntry[] {
    const { digests, local } = this.#parts
    return digests.entriesFor(local.withShortIds(ids))
  }

  #isRelayed({ cid }: LocalEntry): boolean {
    return this.#parts.places.providersOf(cid).length > 0
  }
}

/** Whether entries may go to a peer that is not proven. */
const isSmall = (entries: readonly LocalEntry[]): boolean =>
  Buffer.byteLength(JSON.stringify(entries)) <= PROBE_MAX_BYTES
