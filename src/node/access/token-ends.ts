import type { TokenRecord } from '../../core/identity/token.ts'
import type { Clock } from '../../ports/clock.ts'

/** Tells those who wait for it that a token has ended. */
export class TokenEnds {
  readonly #clock: Clock
  /** By the id of a token. */
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Calls `onEnd` once, when the token expires or is revoked. Call the result to wait no longer.
   */
  watch({ id, expiresAt }: TokenRecord, onEnd: () => void): () => void {
    const waiting = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, waiting)
    let cancel = () => {}
    const stop = () => {
      cancel()
      waiting.delete(end)
      if (waiting.size === 0) this.#waiting.delete(id)
    }
    const end = () => {
      stop()
      onEnd()
    }
    // The clock may have been set back meanwhile.
    const expire = (): void => {
      const leftMs = (expiresAt ?? 0) - this.#clock.now()
      if (leftMs <= 0) end()
      else cancel = this.#clock.after(leftMs, expire)
    }
    waiting.add(end)
    if (expiresAt !== undefined) expire()
    return stop
  }

  revoked(id: string): void {
    for (const end of [...(this.#waiting.get(id) ?? [])]) end()
  }
}
