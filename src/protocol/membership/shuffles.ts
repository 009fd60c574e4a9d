import { addressOf, type PeerAddress } from '../../core/peers/peer.ts'
import { timestamp } from '../../core/time.ts'
import type { PeerInfo } from '../../core/wire/gossip.ts'
import type { Effect } from '../messages.ts'
import type { RoundQuota } from '../round-quota.ts'
import { infoOf, type Membership, SHUFFLE_SIZE } from './membership.ts'

/** A shuffle under way: with whom, and the ids of those that were sent and may be replaced. */
interface UnderWay {
  readonly peerId: string
  readonly sent: readonly string[]
}

/** The shuffles of this grove (CYCLON §3): one under way at a time, and the answers to those of others. */
export class Shuffles {
  readonly #members: Membership
  readonly #quota: RoundQuota
  #underWay: UnderWay | undefined

  constructor(members: Membership, quota: RoundQuota) {
    this.#members = members
    this.#quota = quota
  }

  /** Begins one with the oldest peer: a fresh entry of this grove, and some others. */
  begin(now: number): Effect[] {
    const partner = this.#members.oldest()
    this.#underWay = undefined
    if (partner === undefined) return []
    const sent = this.#members.chooseOffer(partner.peerId, SHUFFLE_SIZE - 1)
    this.#underWay = { peerId: partner.peerId, sent: sent.map(({ peerId }) => peerId) }
    const sender: PeerInfo = { ...this.#members.self, age: 0, lastSeen: timestamp(now) }
    const request = { sender, offered: [sender, ...sent.map(infoOf)] }
    return [{ type: 'send-shuffle', peer: addressOf(partner), request }]
  }

  /** Ends it: the partner, which now knows this grove, is replaced first, then those that were sent to it. */
  answered({ peerId }: PeerAddress, offered: readonly PeerInfo[], now: number): void {
    const ended = this.#end(peerId)
    if (ended !== undefined) this.#members.absorb(offered, [peerId, ...ended.sent], now)
  }

  /** The partner did not answer: begins anew with another, a few times a round. */
  failed({ peerId }: PeerAddress, now: number): Effect[] {
    if (this.#end(peerId) === undefined || !this.#quota.tryTakeShuffleRetry()) return []
    return this.begin(now)
  }

  /**
   * The answer to another's shuffle, and whom what came may replace: those that are in the answer. Where nobody in the view
   * has answered yet it is empty, and one of them gives way to the sender all the same, who at least has spoken.
   */
  reply({ peerId }: PeerAddress): { effect: Effect; replaceable: string[] } {
    const sent = this.#members.chooseOffer(peerId, SHUFFLE_SIZE)
    const replaceable = sent.length > 0 ? sent : this.#members.chooseUnproven()
    return {
      effect: { type: 'reply-shuffle', response: { offered: sent.map(infoOf) } },
      replaceable: replaceable.map((peer) => peer.peerId),
    }
  }

  /** The shuffle under way with that peer, which thereby ends. */
  #end(peerId: string): UnderWay | undefined {
    if (this.#underWay?.peerId !== peerId) return undefined
    const ended = this.#underWay
    this.#underWay = undefined
    return ended
  }
}
