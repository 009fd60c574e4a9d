/** Admits a fixed number of callers at once. The others wait in the order in which they came. */
export class Semaphore {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(slots: number) {
    this.#free = slots
  }

  /**
   * Takes a slot. Call the result, once, to give it back. Rejects with the signal's reason if that
   * aborts before a slot is free.
   */
  async enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#turn(signal)
    return () => this.#leave()
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const admit = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1)
        reject(signal?.reason)
      }
      this.#waiting.push(admit)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}

/**
 * Runs a task for each item, at most `limit` at once. Tasks start in the order of the items, and
 * the results have it too. On the first failure no further task starts, the signal of the running
 * ones aborts, and the failure is thrown when they have ended.
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  task: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length)
  const rest = items.entries()
  const failure = new AbortController()
  async function work(): Promise<void> {
    for (const [index, item] of rest) {
      if (failure.signal.aborted) return
      try {
        results[index] = await task(item, failure.signal)
      } catch (error) {
        failure.abort(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work))
  failure.signal.throwIfAborted()
  return results
}
