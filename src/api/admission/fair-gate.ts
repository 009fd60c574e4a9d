import { FairShares } from '../../concurrency/shares/fair-shares.ts'

/**
 * Lets so many in at once. Where others wait, the host goes next that has had the least time
 * inside, so that whoever asks a lot waits for itself.
 */
export class FairGate {
  readonly #most: number
  readonly #now: () => number
  readonly #shares = new FairShares()
  readonly #waiting = new Map<string, (() => void)[]>()
  #inside = 0

  /** `now` is in ms. */
  constructor({ most, now }: { readonly most: number; readonly now: () => number }) {
    this.#most = most
    this.#now = now
  }

  /** Runs a task of a host when it is let in. */
  async run<T>(host: string, task: () => Promise<T>): Promise<T> {
    if (!this.#waiting.has(host)) this.#shares.enter(host)
    if (this.#inside < this.#most) this.#inside++
    else await this.#turnOf(host)
    this.#shares.begin(host)
    const begun = this.#now()
    try {
      return await task()
    } finally {
      this.#shares.charge(host, Math.max(CHARGE_MIN_MS, this.#now() - begun))
      this.#leave()
    }
  }

  #turnOf(host: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.#waiting.get(host) ?? []
      queue.push(resolve)
      this.#waiting.set(host, queue)
    })
  }

  /** The place goes to the next, or is free. */
  #leave(): void {
    const host = this.#shares.least(this.#waiting.keys())
    const queue = host === undefined ? undefined : this.#waiting.get(host)
    const next = queue?.shift()
    if (host !== undefined && queue?.length === 0) this.#waiting.delete(host)
    if (next === undefined) this.#inside--
    else next()
  }
}

/** What a task is charged at least, since clocks tell no less than one ms. */
const CHARGE_MIN_MS = 0.1
