interface Flight<T> {
  readonly result: Promise<T>
  readonly controller: AbortController
  /** Whether the outcome is shared as long as a caller holds it. */
  readonly isHeld: boolean
  users: number
}

/** The outcome of a shared run. */
export interface Shared<T> {
  readonly outcome: T
  /** Call it once, when the outcome is not needed any more. */
  release(): void
}

/**
 * Runs one task per key at a time. Callers that come while it runs share its outcome. A caller
 * whose signal aborts leaves; the task is aborted when the last caller has left.
 */
export class Singleflight<T> {
  readonly #flights = new Map<string, Flight<T>>()

  /** The task's outcome. Rejects with the reason of `signal` if that aborts first. */
  async run(
    key: string,
    task: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const { outcome, release } = await this.#join(key, task, { signal, isHeld: false })
    release()
    return outcome
  }

  /** The same, but callers also share the outcome as long as another one holds it. */
  hold(key: string, task: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) {
    return this.#join(key, task, { signal, isHeld: true })
  }

  /** True if a task of this key is running or its outcome is held. */
  has(key: string): boolean {
    return this.#flights.has(key)
  }

  /** A task of this key goes on for its callers; who comes from now on starts another. */
  leaveBehind(key: string): void {
    this.#flights.delete(key)
  }

  async #join(
    key: string,
    task: (signal: AbortSignal) => Promise<T>,
    { signal, isHeld }: { signal: AbortSignal | undefined; isHeld: boolean },
  ): Promise<Shared<T>> {
    signal?.throwIfAborted()
    const flight = this.#flights.get(key) ?? this.#start(key, task, isHeld)
    flight.users++
    const release = () => {
      flight.users--
      if (flight.users === 0) this.#end(key, flight)
    }
    try {
      const outcome = await (signal === undefined
        ? flight.result
        : untilAborted(flight.result, signal))
      return { outcome, release }
    } catch (error) {
      release()
      throw error
    }
  }

  #start(key: string, task: (signal: AbortSignal) => Promise<T>, isHeld: boolean): Flight<T> {
    const controller = new AbortController()
    const flight: Flight<T> = { result: task(controller.signal), controller, isHeld, users: 0 }
    this.#flights.set(key, flight)
    flight.result.then(
      () => isHeld || this.#forget(key, flight),
      () => this.#forget(key, flight),
    )
    return flight
  }

  #end(key: string, flight: Flight<T>): void {
    this.#forget(key, flight)
    flight.controller.abort()
  }

  #forget(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
  }
}

function untilAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
