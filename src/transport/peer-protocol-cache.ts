import { BoundedMap } from '../concurrency/bounded.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { Clock } from '../ports/clock.ts'
import { RouteUnknown } from './dialler.ts'

/** How long an answer counts: a peer may be upgraded, and then our routes are tried on it again. */
const KNOWN_MS = 10 * 60_000
/** Peers remembered. */
const PEERS_MAX = 1_000

/** 0: a Grove 0.1 server, which doesn't know our routes. */
const LEGACY = 0

/** Which version of our protocol each peer speaks, by address. */
export class PeerProtocolCache {
  readonly #clock: Clock
  readonly #known = new BoundedMap<string, { readonly version: number; readonly until: number }>(
    PEERS_MAX,
  )

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The version that the peer speaks, 0 for a 0.1 server; undefined where it is not known. */
  version({ address }: PeerAddress): number | undefined {
    const known = this.#known.get(address)
    return known !== undefined && known.until > this.#clock.now() ? known.version : undefined
  }

  /** Notes the version that the peer says it speaks (`capabilities.federation`); anything but a number is a 0.1 server. */
  learn({ address }: PeerAddress, federation: unknown): void {
    const version = typeof federation === 'number' ? federation : LEGACY
    this.#known.set(address, { version, until: this.#clock.now() + KNOWN_MS })
  }

  /** Asks by our routes unless the peer is known not to have them, and by those of 0.1 where it turns out that it doesn't. */
  async negotiate<T>(
    peer: PeerAddress,
    ours: () => Promise<T>,
    legacy: () => Promise<T>,
  ): Promise<T> {
    if (this.version(peer) === LEGACY) return legacy()
    try {
      return await ours()
    } catch (error) {
      if (!(error instanceof RouteUnknown)) throw error
      this.learn(peer, LEGACY)
      return legacy()
    }
  }
}
