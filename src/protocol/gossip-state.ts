import type { Cid } from '../core/cid.ts'
import { isKeyId } from '../core/identity/ed25519.ts'
import { invariant } from '../core/invariant.ts'
import { tidyAddress } from '../core/peers/endpoint.ts'
import { addressOf, type PeerAddress } from '../core/peers/peer.ts'
import type { Random } from '../core/random.ts'
import type { LocalEntry } from '../core/ranking/frontier.ts'
import type { GossipMessage, NamedPeer, PeerInfo, ShuffleRequest } from '../core/wire/gossip.ts'
import { digestFromAnswer } from './gossip/advertised-places.ts'
import { firstEntries } from './gossip/digest.ts'
import { Dissemination } from './gossip/dissemination.ts'
import type { FederatedItem, Heard } from './gossip/federated-items.ts'
import type { Peer } from './membership/liveness.ts'
import { Membership } from './membership/membership.ts'
import { ProvenPeers } from './membership/proven.ts'
import { Rounds } from './membership/rounds.ts'
import type { Speaker } from './membership/sender.ts'
import { Shuffles } from './membership/shuffles.ts'
import type {
  Effect,
  ExchangeAnswered,
  GossipConfig,
  Input,
  PeerView,
  SampleAnswered,
} from './messages.ts'
import { RoundQuota } from './round-quota.ts'

/**
 * One grove's part in the federation, as a state machine: inputs and the time in, effects out. It
 * routes each input to the parts that it concerns, and joins their effects. It starts with the
 * first `tick`: a frontier given before that is not announced.
 */
export class GossipState {
  readonly #quota: RoundQuota
  readonly #rounds: Rounds
  readonly #members: Membership
  readonly #shuffles: Shuffles
  /** Fills the view in the place of shuffles. */
  readonly #proven: ProvenPeers | undefined
  readonly #dissemination: Dissemination
  #now = 0
  #wakeAt: number | undefined

  constructor(config: GossipConfig, random: Random) {
    this.#quota = new RoundQuota(config.gossipIntervalMs)
    this.#rounds = new Rounds(config.gossipIntervalMs, random)
    this.#members = new Membership(config, this.#quota, random)
    this.#shuffles = new Shuffles(this.#members, this.#quota)
    const { sampling } = config
    this.#proven =
      sampling && new ProvenPeers({ config, sampling, members: this.#members, quota: this.#quota })
    this.#dissemination = new Dissemination(config, this.#quota, random)
  }

  /**
   * The effects of this input. `now` is Unix ms. If the clock is set back, what was due is due
   * after as long a wait as before.
   */
  step(input: Input, now: number): Effect[] {
    if (now < this.#now) this.#shiftClock(this.#now - now)
    this.#now = now
    const effects = this.#handle(input, now)
    this.#proven?.seat(now)
    const dueAt = Math.min(this.#rounds.nextAt, this.#dissemination.dueAt)
    const isNew = dueAt !== this.#wakeAt || input.type === 'tick'
    if (Number.isFinite(dueAt) && isNew) effects.push({ type: 'wake', at: dueAt })
    this.#wakeAt = dueAt
    invariant(input.type !== 'tick' || dueAt > now, 'a tick leaves nothing that is due')
    invariant(() => repliesIn(effects) === repliesTo(input), 'what is received is answered once')
    return effects
  }

  /** Throws InvariantError if the state breaks a rule of its own. O(state). */
  checkInvariants(): void {
    this.#members.checkInvariants()
    this.#proven?.checkInvariants()
    this.#dissemination.checkInvariants()
  }

  /** All known peers: the view, then seeds and failed peers outside it. */
  peers(): PeerView[] {
    return this.#members.views()
  }

  /** All peers that have answered at their address under their key; none where nobody has to. */
  provenPeers(): readonly NamedPeer[] {
    return this.#proven?.known ?? []
  }

  /** The peer of that id or address. */
  peer(idOrAddress: string): PeerView | undefined {
    return this.#members.view(idOrAddress)
  }

  /** Peers that are alive and seeds or heard of lately, the latest first. */
  livePeers(now: number): PeerAddress[] {
    return this.#members.live(now)
  }

  /** What peers advertise as the best, each metric and direction best first, none of it expired. */
  federated(now: number): FederatedItem[] {
    return this.#dissemination.federated(now)
  }

  /** Whether a peer may be known so: its address can be dialled, and has no foreign path. */
  admits(peer: PeerAddress): boolean {
    return this.#members.acquaintance.admits(peer)
  }

  /** One of the places that the item has in the local frontier; undefined if it has none. */
  localEntry(cid: Cid): LocalEntry | undefined {
    return this.#dissemination.localEntry(cid)
  }

  /** The peers that advertise this item, most recent first. */
  providersOf(cid: Cid): PeerAddress[] {
    return this.#dissemination.providersOf(cid)
  }

  /** All advertisements of this item, which its manifest confirms or contradicts. */
  advertisementsOf(cid: Cid): Heard[] {
    return this.#dissemination.advertisementsOf(cid)
  }

  #handle(input: Input, now: number): Effect[] {
    switch (input.type) {
      case 'tick':
        return this.#tick(now)
      case 'frontier':
        this.#dissemination.setFrontier(input, {
          now,
          isNews: input.isNews !== false && this.#rounds.haveBegun,
        })
        return []
      case 'exchange-received':
        return this.#answerExchange(input.message, input.remote, now)
      case 'exchange-answered':
        return [
          ...this.#learnFrom(input.peer, this.#inShownName(input), now),
          ...(this.#proven?.exchanged(input, now) ?? []),
        ]
      case 'shuffle-received':
        return this.#answerShuffle(input.request, input.remote, now)
      case 'shuffle-answered':
        return this.#learnPeers(input.peer, input.response.offered, now)
      case 'sample-received':
        return this.#proven?.reply(input.request, now) ?? [{ type: 'reply-sample', peers: [] }]
      case 'sample-answered':
        return this.#sampled(input, now)
      case 'peers-remembered':
        this.#proven?.remember(input.peers)
        return []
      case 'key-retired':
        this.#proven?.forget(input.peerId)
        return []
      case 'contact-failed':
        return [
          ...(this.#proven?.missed(input.peer, now) ?? []),
          ...this.#members.contactFailed(input.peer.address, now),
          ...this.#shuffles.failed(input.peer, now),
        ]
      case 'contact-made':
        return this.#contactMade(this.#members.at(input.peer.address), now)
      case 'held':
        this.#dissemination.markHeld(input.cids)
        return []
      case 'advertisement-contradicted':
        this.#dissemination.retract(input.peerId, input.cid, input.unauthenticated)
        return []
      case 'seed-added':
        this.#members.addSeed(input.peer, now)
        return []
      case 'seed-removed':
        this.#members.removeSeed(input.address)
        return []
      case 'seed-renamed':
        this.#members.renameSeed(input.peer)
        return []
    }
  }

  #shiftClock(byMs: number): void {
    this.#rounds.shiftClock(byMs)
    this.#dissemination.shiftClock(byMs)
  }

  #tick(now: number): Effect[] {
    const effects = this.#dissemination.tick(this.#members, now)
    return this.#rounds.isDue(now) ? [...effects, ...this.#round(now)] : effects
  }

  #round(now: number): Effect[] {
    this.#quota.beginRound()
    const effects = this.#members.beginRound(now)
    this.#rounds.begin(now, this.#members.isLonely)
    this.#dissemination.beginRound(now)
    const chosen = { lonely: this.#rounds.isLonely, trusted: this.#proven?.trusted() ?? [] }
    const partners = this.#members.exchangePartners(chosen, now)
    for (const peer of partners) effects.push(this.#exchangeWith(peer, now))
    return [...effects, ...(this.#proven?.begin(partners, now) ?? this.#shuffles.begin(now))]
  }

  #answerExchange(message: GossipMessage, remote: string | undefined, now: number): Effect[] {
    const isSelf = this.#members.isSelf(message)
    const isHeard = !isSelf && this.#members.acquaintance.admits(message)
    const entries = this.#dissemination.read(message)
    if (!isHeard) {
      const told = firstEntries(message, 0)
      return [this.#dissemination.reply(told, { isSelf, sender: undefined }, now)]
    }
    const speaker = this.#members.speakerOf(message, remote)
    const most = this.#believed(speaker, entries, message)
    // Before its first round a grove only listens: it requests nothing.
    const sender = most > 0 && this.#rounds.haveBegun ? speaker : undefined
    const told = firstEntries(message, most)
    const reply = this.#dissemination.reply(told, { isSelf, sender }, now)
    const effects = this.#listenTo(message, { speaker, replaceable: [] }, now)
    if (speaker.own) this.#members.noteCapabilities(message.peerId, message.capabilities)
    const { peerId, address } = speaker
    const from = { peerId, address }
    const digest = { from, entries: entries.slice(0, most), unauthenticated: true }
    return [reply, ...effects, ...this.#dissemination.merge(digest, now)]
  }

  /**
   * How many entries of a message count. All do that come from the host of the address that they
   * are said in the name of: who could have sent them from there could serve them there. From
   * elsewhere a peer that answers is heard a little, since it may be behind a proxy. Nobody else
   * is: what it has to say is in its answer, if it is there.
   */
  #believed(
    { own, proven, address }: Speaker,
    entries: readonly unknown[],
    message: GossipMessage,
  ) {
    const count = entries.length + (message.digest?.ihave?.length ?? 0)
    if (own) return count
    return proven ? this.#quota.takeHearsay(address, count) : 0
  }

  /**
   * The answer in the name that its sender has shown: where a key has not signed what is said in
   * its name, that is the peer which is known at the address. Whom the operator expects there is
   * compared with the name itself.
   */
  #inShownName({ peer, message, isProven }: ExchangeAnswered): GossipMessage {
    const { address } = peer
    if (isProven || !isKeyId(message.peerId)) return message
    if (this.#members.isSelf(message) || this.#members.hasPin(address)) return message
    return { ...message, peerId: this.#members.at(address)?.peerId ?? tidyAddress(address) }
  }

  #learnFrom(dialled: PeerAddress, message: GossipMessage, now: number): Effect[] {
    const { peerId, capabilities } = message
    const isSelf = peerId === this.#members.self.peerId
    if (!isSelf && this.#members.isMisnamed({ peerId, address: dialled.address }))
      return [
        ...this.#members.misnamed(dialled.address, now),
        { type: 'wrong-id', peer: dialled, peerId },
      ]
    const entries = this.#dissemination.readAnswer(message)
    const peer = this.#members.acquaintance.identify(dialled, peerId, now)
    if (isSelf) return []
    this.#members.noteCapabilities(peerId, capabilities)
    const from = { peerId, address: tidyAddress(dialled.address) }
    return [
      ...this.#contactMade(peer, now),
      ...this.#dissemination.merge(digestFromAnswer(from, peer, entries), now),
      ...this.#dissemination.sendMissing(message, { dialled, from }, now),
    ]
  }

  #answerShuffle(
    { sender, offered }: ShuffleRequest,
    remote: string | undefined,
    now: number,
  ): Effect[] {
    if (this.#members.isSelf(sender)) return [{ type: 'reply-shuffle', response: { offered: [] } }]
    const { effect, replaceable } = this.#shuffles.reply(sender)
    if (!this.#members.acquaintance.admits(sender)) return [effect]
    const speaker = this.#members.speakerOf(sender, remote)
    if (speaker.own && !this.#quota.tryTakeShuffle(speaker.host)) return [effect]
    const effects = this.#listenTo(sender, { speaker, replaceable }, now)
    if (speaker.own) this.#members.acquaintance.absorb(offered, replaceable, now)
    return [effect, ...effects]
  }

  #learnPeers(dialled: PeerAddress, offered: readonly PeerInfo[], now: number): Effect[] {
    const effects = this.#contactMade(this.#members.at(dialled.address), now)
    this.#shuffles.answered(dialled, offered, now)
    return effects
  }

  #sampled(sampled: SampleAnswered, now: number): Effect[] {
    const { peer, proven } = sampled
    if (proven === undefined) return this.#handle({ type: 'contact-failed', peer }, now)
    const there = this.#members.at(peer.address)
    return [
      ...this.#contactMade(there?.peerId === proven ? there : undefined, now),
      ...(this.#proven?.sampled({ ...sampled, proven }, now) ?? []),
    ]
  }

  /**
   * A message came from this peer. Only an answer proves its address, so it may be called back. One
   * that comes from elsewhere than its address becomes known by its answer alone.
   */
  #listenTo(from: PeerAddress, { speaker, replaceable }: Listening, now: number): Effect[] {
    const { effects, unproven } = speaker.own
      ? this.#members.hear(from, replaceable, now)
      : { effects: [], unproven: speaker.proven ? undefined : addressOf(speaker) }
    if (this.#proven !== undefined && this.#members.isUnnamed(from))
      return [...effects, ...this.#proven.heard({ ...addressOf(from), seq: 0 }, now)]
    if (unproven === undefined || !this.#rounds.haveBegun) return effects
    if (!this.#quota.tryTakeCallback({ ...speaker, ...unproven })) return effects
    if (!this.#members.calls.tryTake(unproven, now)) return effects
    return [...effects, this.#exchangeWith(unproven, now)]
  }

  /** An exchange: the digest to peers that have answered, its fingerprint to others. */
  #exchangeWith(peer: PeerAddress, now: number): Effect {
    const isProbe = !this.#members.calls.isProven(peer.address, now)
    return this.#dissemination.exchangeWith(peer, { isProbe, now })
  }

  #contactMade(peer: Peer | undefined, now: number): Effect[] {
    if (peer === undefined) return []
    this.#rounds.noteAnswer()
    return this.#members.contactMade(peer, now)
  }
}

interface Listening {
  readonly speaker: Speaker
  /** Ids of peers that may give way to it in the view. */
  readonly replaceable: string[]
}

const repliesIn = (effects: readonly Effect[]): number =>
  effects.filter(({ type }) => type.startsWith('reply-')).length

const repliesTo = ({ type }: Input): number => (type.endsWith('-received') ? 1 : 0)
