import { addressOf, type PeerAddress } from '../../core/peers/peer.ts'
import { type Random, sample } from '../../core/random.ts'
import { timestamp } from '../../core/time.ts'
import type { PeerInfo, ShuffleRequest } from '../../core/wire/gossip.ts'
import type { Effect } from '../messages.ts'
import { infoOf } from './peer-status.ts'
import { absorb, chooseOffer, type Membership, oldestActive, SHUFFLE_SIZE } from './sampling.ts'

/** A shuffle under way: with whom, and the ids of those that were sent and may be replaced. */
export interface Shuffling {
  readonly peerId: string
  readonly sent: readonly string[]
}

/** Begins a shuffle with the oldest peer (CYCLON §3): a fresh entry of this grove, and some others. */
export function startShuffle(
  members: Membership,
  random: Random,
  now: number,
): { shuffling: Shuffling; effect: Effect } | undefined {
  const partner = oldestActive(members)
  if (partner === undefined) return undefined
  const sent = chooseOffer(members, random, partner.peerId, SHUFFLE_SIZE - 1)
  const sender: PeerInfo = { ...members.self, age: 0, lastSeen: timestamp(now) }
  const request: ShuffleRequest = { sender, offered: [sender, ...sent.map(infoOf)] }
  return {
    shuffling: { peerId: partner.peerId, sent: sent.map((peer) => peer.peerId) },
    effect: { type: 'send-shuffle', peer: addressOf(partner), request },
  }
}

/** Ends the shuffle: the partner, which now knows this grove, is replaced first, then those that were sent to it. */
export function endShuffle(
  members: Membership,
  { peerId, sent }: Shuffling,
  offered: readonly PeerInfo[],
  now: number,
): void {
  absorb(members, offered, [peerId, ...sent], now)
}

/**
 * The answer to a shuffle, and whom what came may replace: those that are in the answer. Where nobody in the view has
 * answered yet it is empty, and one of them gives way to the sender all the same, who at least has spoken.
 */
export function replyToShuffle(
  members: Membership,
  random: Random,
  sender: PeerAddress,
): { effect: Effect; replaceable: string[] } {
  const sent = chooseOffer(members, random, sender.peerId, SHUFFLE_SIZE)
  const unproven = [...members.active.values()].filter((peer) => !peer.answered)
  const replaceable = sent.length > 0 ? sent : sample(random, unproven, 1)
  return {
    effect: { type: 'reply-shuffle', response: { offered: sent.map(infoOf) } },
    replaceable: replaceable.map((peer) => peer.peerId),
  }
}
