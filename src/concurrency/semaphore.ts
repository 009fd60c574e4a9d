/** Lets a fixed number in at once; the others wait in the order in which they came. */
export class Semaphore {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(places: number) {
    this.#free = places
  }

  /** A place; call the result, once, to give it back. Rejects with the signal's reason. */
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
 * Runs the task for each item, at most `limit` at once, begun in their order; results in that order
 * too. The first failure is thrown once the tasks that were running have ended: it begins no
 * further item and aborts the signal that the tasks are given.
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
