interface Flight<T> {
  readonly result: Promise<T>
  readonly controller: AbortController
  waiting: number
}

/**
 * One run of a task per key at a time: who asks while it is under way shares its outcome. A caller that aborts leaves alone;
 * the task itself is aborted when the last one has left.
 */
export class Singleflight<T> {
  readonly #flights = new Map<string, Flight<T>>()

  /** The task's outcome. Rejects with the reason of `signal` if that aborts before. */
  async run(
    key: string,
    task: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    signal?.throwIfAborted()
    const flight = this.#flights.get(key) ?? this.#start(key, task)
    flight.waiting++
    try {
      return await (signal === undefined ? flight.result : untilAborted(flight.result, signal))
    } finally {
      flight.waiting--
      if (flight.waiting === 0) this.#release(key, flight)
    }
  }

  /** Whether such a run is under way. */
  has(key: string): boolean {
    return this.#flights.has(key)
  }

  #start(key: string, task: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController()
    const flight: Flight<T> = { result: task(controller.signal), controller, waiting: 0 }
    this.#flights.set(key, flight)
    flight.result.then(
      () => this.#forget(key, flight),
      () => this.#forget(key, flight),
    )
    return flight
  }

  #release(key: string, flight: Flight<T>): void {
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
