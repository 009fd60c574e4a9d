import type { Clock } from '../ports/clock.ts'
import type { PeerAddress } from '../protocol/messages.ts'
import { RouteUnknown } from './dialler.ts'

/** How long a peer is taken for a 0.1 server before our routes are tried on it again: it may have been upgraded. */
const LEGACY_MS = 10 * 60_000
/** Peers remembered. */
const PEERS_MAX = 1_000

/** Which peers don't know our routes, by address, so that they are asked by the 0.1 ones at once. */
export class Dialects {
  readonly #clock: Clock
  readonly #legacyUntil = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What the peer said of itself in gossip. */
  learn(peer: PeerAddress, federates: boolean): void {
    this.#legacyUntil.delete(peer.address)
    if (federates) return
    this.#legacyUntil.set(peer.address, this.#clock.now() + LEGACY_MS)
    const [oldest] = this.#legacyUntil.keys()
    if (this.#legacyUntil.size > PEERS_MAX && oldest !== undefined) this.#legacyUntil.delete(oldest)
  }

  /** Asks in our way, unless the peer is known not to understand it; in the way of 0.1 where it doesn't. */
  async speak<T>(peer: PeerAddress, ours: () => Promise<T>, legacy: () => Promise<T>): Promise<T> {
    if ((this.#legacyUntil.get(peer.address) ?? 0) > this.#clock.now()) return legacy()
    try {
      return await ours()
    } catch (error) {
      if (!(error instanceof RouteUnknown)) throw error
      this.learn(peer, false)
      return legacy()
    }
  }
}
