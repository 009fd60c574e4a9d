import type { IncomingHttpHeaders } from 'node:http'
import { BoundedMap } from '../concurrency/bounded.ts'
import { GroveError } from '../core/errors.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { Clock } from '../ports/clock.ts'

/** The longest pause that a peer can ask for. */
const PAUSE_MAX_MS = 60_000
/** How long a call waits for a peer's pause to end; for more it fails, so that others are asked. */
const BUSY_PATIENCE_MS = 2_000
/** Peers whose pauses are remembered. */
const PAUSED_MAX = 1_024

/** Until when peers want to be left alone that have more to do than they can. */
export class Pauses {
  readonly #clock: Clock
  /** By address, in Unix ms. */
  readonly #until = new BoundedMap<string, number>(PAUSED_MAX)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Waits for a peer's pause to end. Throws `busy` where that takes too long. */
  async end(peer: PeerAddress, signal: AbortSignal | undefined): Promise<void> {
    const waitMs = this.#leftOf(peer)
    if (waitMs === 0) return
    if (waitMs <= BUSY_PATIENCE_MS) return this.#clock.sleep(waitMs, signal)
    const retryAfter = Math.ceil(waitMs / 1_000)
    const message = `${peer.address} wants to be left alone for another ${retryAfter} s`
    throw new GroveError('busy', { ...peer, retryAfter }, { message })
  }

  /**
   * Notes how long a peer that is too busy wants to be left alone (RFC 9110 §10.2.3). True if it is
   * worth waiting for.
   */
  begin(peer: PeerAddress, headers: IncomingHttpHeaders): boolean {
    const seconds = secondsIn(headers['retry-after'] ?? '', this.#clock.now())
    if (Number.isNaN(seconds)) return false
    const pauseMs = Math.min(PAUSE_MAX_MS, Math.max(0, seconds * 1_000))
    this.#until.set(peer.address, this.#clock.now() + pauseMs)
    return pauseMs <= BUSY_PATIENCE_MS
  }

  /** A clock that was set back makes no pause longer. */
  #leftOf({ address }: PeerAddress): number {
    const leftMs = (this.#until.get(address) ?? 0) - this.#clock.now()
    return leftMs > PAUSE_MAX_MS ? 0 : Math.max(0, leftMs)
  }
}

/** NaN where it is neither a number of seconds nor a date. */
function secondsIn(text: string, now: number): number {
  return /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1_000
}
