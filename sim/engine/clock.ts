import type { Clock } from '../../src/ports/clock.ts'
import { sleepBy } from '../../src/runtime/clock.ts'
import type { Timeline } from './timeline.ts'

/**
 * A machine's clock, off, fast or slow. Setting it changes the time of day; timers run by the
 * timeline.
 */
export class MachineClock {
  readonly #timeline: Timeline
  readonly #start: number
  readonly #drift: number
  #offsetMs: number

  /** `drift`: how much faster than the timeline it runs (0.01 is one percent). */
  constructor(
    timeline: Timeline,
    { offsetMs = 0, drift = 0 }: { offsetMs?: number; drift?: number } = {},
  ) {
    this.#timeline = timeline
    this.#start = timeline.now
    this.#offsetMs = offsetMs
    this.#drift = drift
  }

  now(): number {
    const passed = this.#timeline.now - this.#start
    return Math.floor(this.#start + passed * (1 + this.#drift) + this.#offsetMs)
  }

  /** Sets the time of day forward, or back. Running timers are not affected. */
  jump(byMs: number): void {
    this.#offsetMs += byMs
  }

  /** The clock as one process sees it. Its timers die with it. */
  forProcess(isAlive: () => boolean): Clock {
    const after = (delayMs: number, task: () => void) => {
      return this.#timeline.after(delayMs / (1 + this.#drift), () => {
        if (isAlive()) task()
      })
    }
    return { now: () => this.now(), after, sleep: sleepBy(after) }
  }
}
