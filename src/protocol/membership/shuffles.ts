import { addressOf, type PeerAddress } from '../../core/peers/peer.ts'
import { timestamp } from '../../core/time.ts'
import type { PeerInfo } from '../../core/wire/gossip.ts'
import type { Effect } from '../messages.ts'
import type { RoundQuota } from '../round-quota.ts'
import { SHUFFLE_SIZE } from './acquaintance.ts'
import type { Membership } from './membership.ts'
import { infoOf } from './peer-view.ts'

/** A shuffle under way. */
interface UnderWay {
  /** Of the partner. */
  readonly peerId: string
  /** The ids that were offered, and may be replaced. */
  readonly sent: readonly string[]
}

/** Shuffles (CYCLON §3): one of this grove's own at a time, and the answers to those of others. */
export class Shuffles {
  readonly #members: Membership
  readonly #quota: RoundQuota
  #underWay: UnderWay | undefined

  constructor(members: Membership, quota: RoundQuota) {
    this.#members = members
    this.#quota = quota
  }

  /** Begins one with the oldest peer, and offers a fresh entry of this grove, and some others. */
  begin(now: number): Effect[] {
    const partner = this.#members.shufflePartner(now)
    this.#underWay = undefined
    if (partner === undefined) return []
    const sent = this.#members.chooseOffer(partner.peerId, SHUFFLE_SIZE - 1)
    this.#underWay = { peerId: partner.peerId, sent: sent.map(({ peerId }) => peerId) }
    const sender: PeerInfo = { ...this.#members.self, age: 0, lastSeen: timestamp(now) }
    const request = { sender, offered: [sender, ...sent.map(infoOf)] }
    return [{ type: 'send-shuffle', peer: addressOf(partner), request }]
  }

  /**
   * The partner answered: it is replaced first, since it now knows this grove, then the peers that
   * it was offered.
   */
  answered({ peerId }: PeerAddress, offered: readonly PeerInfo[], now: number): void {
    const ended = this.#end(peerId)
    if (ended !== undefined)
      this.#members.acquaintance.absorb(offered, [peerId, ...ended.sent], now)
  }

  /** The partner did not answer: begins anew with another, within the round's quota. */
  failed({ peerId }: PeerAddress, now: number): Effect[] {
    if (this.#end(peerId) === undefined || !this.#quota.tryTakeShuffleRetry()) return []
    return this.begin(now)
  }

  /**
   * The answer to another's shuffle, and the ids that its peers may replace: those in the answer.
   * While no peer of the view has answered yet the answer is empty, and one of them gives way to
   * the sender, which at least has spoken.
   */
  reply({ peerId }: PeerAddress): { effect: Effect; replaceable: string[] } {
    const sent = this.#members.chooseOffer(peerId, SHUFFLE_SIZE)
    const replaceable = sent.length > 0 ? sent : this.#members.chooseUnproven()
    return {
      effect: { type: 'reply-shuffle', response: { offered: sent.map(infoOf) } },
      replaceable: replaceable.map((peer) => peer.peerId),
    }
  }

  /** Ends the shuffle with that peer, if it is the one under way. */
  #end(peerId: string): UnderWay | undefined {
    if (this.#underWay?.peerId !== peerId) return undefined
    const ended = this.#underWay
    this.#underWay = undefined
    return ended
  }
}
