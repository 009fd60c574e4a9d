import { BoundedMap } from '../concurrency/bounded.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { Clock } from '../ports/clock.ts'
import { UnknownRouteError } from './refusal.ts'

/** How long a peer's version is remembered. A 0.1 server may have been upgraded after that. */
const KNOWN_MS = 10 * 60_000
/** Peers whose version is remembered. */
const PEERS_MAX = 1_000

/** The version of a Grove 0.1 server, which doesn't have the routes of federation. */
const LEGACY = 0

/** The version of the federation protocol that each peer speaks, by address. */
export class PeerProtocolCache {
  readonly #clock: Clock
  readonly #known = new BoundedMap<string, { readonly version: number; readonly until: number }>(
    PEERS_MAX,
  )

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The version that the peer speaks: 0 for a 0.1 server, undefined if it is not known. */
  version({ address }: PeerAddress): number | undefined {
    const known = this.#known.get(address)
    return known !== undefined && known.until > this.#clock.now() ? known.version : undefined
  }

  /** Remembers a peer's `capabilities.federation`. Anything but a number means a 0.1 server. */
  learn({ address }: PeerAddress, federation: unknown): void {
    const version = typeof federation === 'number' ? federation : LEGACY
    this.#known.set(address, { version, until: this.#clock.now() + KNOWN_MS })
  }

  /**
   * Asks a peer by the routes of federation, or by those of 0.1 if it is known, or turns out, not
   * to have the former.
   */
  async negotiate<T>(
    peer: PeerAddress,
    federation: () => Promise<T>,
    legacy: () => Promise<T>,
  ): Promise<T> {
    if (this.version(peer) === LEGACY) return legacy()
    try {
      return await federation()
    } catch (error) {
      if (!(error instanceof UnknownRouteError)) throw error
      this.learn(peer, LEGACY)
      return legacy()
    }
  }
}
