/** Tokens that are taken, and come back at a steady rate, up to so many. */
export class Bucket {
  readonly #most: number
  readonly #refillMs: number
  readonly #owedMax: number
  #tokens: number
  #countedAt: number | undefined

  /** Full at first. One token comes back every `refillMs`. At most `owedMax` are ever owed. */
  constructor(most: number, refillMs: number, owedMax = Number.POSITIVE_INFINITY) {
    this.#most = most
    this.#refillMs = refillMs
    this.#owedMax = owedMax
    this.#tokens = most
  }

  /** Takes a token if there is one. `now` is Unix ms; a clock that was set back gives none. */
  tryTake(now: number): boolean {
    if (!this.hasToken(now)) return false
    this.#tokens -= 1
    return true
  }

  /** Takes as many as were used, though there may be fewer: the rest is owed. */
  owe(now: number, count: number): void {
    this.#refill(now)
    this.#tokens = Math.max(this.#tokens - count, -this.#owedMax)
  }

  /** Whether there is a token, which stays. */
  hasToken(now: number): boolean {
    return this.waitMs(now) === 0
  }

  /** How long it takes until there is a token, in ms. */
  waitMs(now: number): number {
    this.#refill(now)
    return Math.max(0, (1 - this.#tokens) * this.#refillMs)
  }

  #refill(now: number): void {
    const passedMs = Math.max(0, now - (this.#countedAt ?? now))
    this.#tokens = Math.min(this.#most, this.#tokens + passedMs / this.#refillMs)
    this.#countedAt = now
  }
}
