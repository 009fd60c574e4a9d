/** Tokens that are taken one by one and come back at a steady rate, up to so many. */
export class Bucket {
  readonly #most: number
  readonly #refillMs: number
  #tokens: number
  #countedAt: number | undefined

  /** Full at first. One token comes back every `refillMs`. */
  constructor(most: number, refillMs: number) {
    this.#most = most
    this.#refillMs = refillMs
    this.#tokens = most
  }

  /** Takes a token if there is one. `now` is Unix ms; a clock that was set back gives none. */
  tryTake(now: number): boolean {
    if (!this.hasToken(now)) return false
    this.#tokens -= 1
    return true
  }

  /** Whether there is a token, which stays. */
  hasToken(now: number): boolean {
    const passedMs = Math.max(0, now - (this.#countedAt ?? now))
    this.#tokens = Math.min(this.#most, this.#tokens + passedMs / this.#refillMs)
    this.#countedAt = now
    return this.#tokens >= 1
  }
}
