import { invariant } from '../../core/invariant.ts'
import { DIGEST_MAX_ENTRIES, GOSSIP_MAX_BYTES } from '../../core/limits.ts'
import { addressOf, type PeerAddress } from '../../core/peers/peer.ts'
import { timestamp } from '../../core/time.ts'
import type { GossipMessage } from '../../core/wire/gossip.ts'
import type { Effect, GossipConfig } from '../messages.ts'
import type { RoundQuota } from '../round-quota.ts'
import { NOTE_MAX_BYTES, type Payload } from './digest-cache.ts'

/** Writes the gossip messages of this grove, and notes the addresses that they go to. */
export class Outbox {
  readonly #config: GossipConfig
  readonly #quota: RoundQuota

  constructor(config: GossipConfig, quota: RoundQuota) {
    this.#config = config
    this.#quota = quota
  }

  /** UTF-8 bytes that a message has left for its entries. */
  get entryBytes(): number {
    const empty = this.#message({ frontier: [] }, 0)
    return GOSSIP_MAX_BYTES - NOTE_MAX_BYTES - Buffer.byteLength(JSON.stringify(empty))
  }

  send(peer: PeerAddress, payload: Payload, now: number): Effect {
    this.#quota.noteCall(peer.address)
    return { type: 'send-exchange', peer: addressOf(peer), message: this.#message(payload, now) }
  }

  reply(payload: Payload, now: number): Effect {
    return { type: 'reply-exchange', message: this.#message(payload, now) }
  }

  /** Each message is answered at once: there is no queue, and the load is always 0. */
  #message(payload: Payload, now: number): GossipMessage {
    const { self, capabilities } = this.#config
    invariant(payload.frontier.length <= DIGEST_MAX_ENTRIES, 'a message has at most 100 entries')
    return { ...self, ...payload, load: { queueDepth: 0 }, capabilities, timestamp: timestamp(now) }
  }
}
