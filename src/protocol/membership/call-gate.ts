import { BoundedMap } from '../../concurrency/bounded.ts'
import { type Hosts, shareKey } from '../../core/peers/hosts.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { RoundQuota } from '../round-quota.ts'

/** Addresses remembered as having answered, and for how many rounds. */
const ANSWERED_MAX = 4_096
const ANSWERED_ROUNDS = 100

interface CallGateOptions {
  readonly hosts: Hosts
  readonly quota: RoundQuota
  /** Whether the operator gave this address. */
  readonly isSeed: (address: string) => boolean
  readonly intervalMs: number
}

/**
 * Whom this grove may send messages of its own accord. An address is only somebody's word until it
 * has answered as a grove: till then its host gets one small message in a while, whatever names it.
 */
export class CallGate {
  readonly #hosts: Hosts
  readonly #quota: RoundQuota
  readonly #isSeed: (address: string) => boolean
  readonly #memoryMs: number
  /** When an address answered last (Unix ms). */
  readonly #answered = new BoundedMap<string, number>(ANSWERED_MAX)

  constructor({ hosts, quota, isSeed, intervalMs }: CallGateOptions) {
    this.#hosts = hosts
    this.#quota = quota
    this.#isSeed = isSeed
    this.#memoryMs = ANSWERED_ROUNDS * intervalMs
  }

  noteAnswer(address: string, now: number): void {
    this.#answered.set(address, now)
  }

  /** Whether the operator gave the address, or it has answered lately. */
  isProven(address: string, now: number): boolean {
    if (this.#isSeed(address)) return true
    const at = this.#answered.get(address)
    return at !== undefined && now - at < this.#memoryMs
  }

  /** To send something to a peer now: something small, unless it is proven. */
  tryTake({ address }: PeerAddress, now: number): boolean {
    return (
      this.isProven(address, now) || this.#quota.tryTakeProbe(shareKey(this.#hosts, address), now)
    )
  }
}
