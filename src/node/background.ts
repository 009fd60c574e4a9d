import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'

/** What goes on in a grove with nobody waiting for it. Closing ends it and waits for all of it. */
export class Background {
  readonly #clock: Clock
  readonly #log: Log
  readonly #closing = new AbortController()
  readonly #tasks = new Set<Promise<unknown>>()
  /** By name, how to cancel each. */
  readonly #timers = new Map<string, () => void>()

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock
    this.#log = log
  }

  /** Aborts when the grove closes. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** Runs a task, unless the grove is closing. Its failure is logged under its name. */
  spawn(name: string, task: () => Promise<unknown>): void {
    if (this.closing.aborted) return
    void this.track(this.#run(name, task))
  }

  /** Runs a task after a while; the last call for a name takes the place of the one before. */
  later(name: string, delayMs: number, task: () => Promise<unknown>): void {
    if (this.closing.aborted) return
    this.#timers.get(name)?.()
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(name)
      this.spawn(name, task)
    })
    this.#timers.set(name, cancel)
  }

  /** Whether a task of that name waits for its moment. */
  isDue(name: string): boolean {
    return this.#timers.has(name)
  }

  /** The work, which its caller waits for; closing waits for it too. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#tasks.add(work)
    const forget = () => this.#tasks.delete(work)
    work.then(forget, forget)
    return work
  }

  /** Ends every wait and timer, then waits for what was under way. */
  async close(): Promise<void> {
    this.#closing.abort()
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    while (this.#tasks.size > 0) await Promise.allSettled(this.#tasks)
  }

  async #run(name: string, task: () => Promise<unknown>): Promise<void> {
    try {
      await task()
    } catch (err) {
      if (!this.closing.aborted) this.#log.error(`${name} failed`, { err })
    }
  }
}
