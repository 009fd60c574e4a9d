/** Questions to leaves that are under way at once, in all and for one host. */
const LEAF_QUESTIONS_MAX = 64
const LEAF_QUESTIONS_OF_HOST_MAX = 16

interface Waiter {
  readonly host: string
  readonly admit: () => void
}

/**
 * A bounded number of questions to leaves at once. Those that wait go by the hosts on whose behalf
 * they are asked: the host with the fewest goes next.
 */
export class LeafCalls {
  readonly #underWay = new Map<string, number>()
  #sum = 0
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiter>()

  /** Asks once it may. Rejects with the signal's reason if that aborts before. */
  async run<T>(host: string, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    await this.#enter(host, signal)
    try {
      return await call()
    } finally {
      this.#count(host, -1)
      this.#admitNext()
    }
  }

  async #enter(host: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter = { host, admit: resolve }
    const onAbort = () => {
      // One that was admitted gives its place back when its call ends, which the signal ends, too.
      if (this.#waiting.delete(waiter)) reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    this.#waiting.add(waiter)
    this.#admitNext()
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #admitNext(): void {
    if (this.#sum >= LEAF_QUESTIONS_MAX) return
    let next: Waiter | undefined
    for (const waiter of this.#waiting)
      if (
        this.#of(waiter.host) <
        (next === undefined ? LEAF_QUESTIONS_OF_HOST_MAX : this.#of(next.host))
      )
        next = waiter
    if (next === undefined) return
    this.#waiting.delete(next)
    this.#count(next.host, 1)
    next.admit()
  }

  #of(host: string): number {
    return this.#underWay.get(host) ?? 0
  }

  #count(host: string, change: 1 | -1): void {
    const count = this.#of(host) + change
    this.#sum += change
    if (count === 0) this.#underWay.delete(host)
    else this.#underWay.set(host, count)
  }
}
