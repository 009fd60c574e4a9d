import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Workbench } from './workbench.ts'

/** What was seen since the last time, in ms. */
export interface Gaps {
  /** The longest that /healthz took. */
  readonly longestMs: number
  /** By how much the watchdog's own timer was late at most. */
  readonly lateMs: number
}

/** Watches from a process of its own how long a grove answers nobody. */
export class Watchdog {
  readonly #child: ChildProcess

  constructor(bench: Workbench, origin: string) {
    this.#child = bench.fork('watchdog-process.ts')
    this.#child.send({ origin })
  }

  /** What was seen since the last time. */
  async gaps(): Promise<Gaps> {
    const told = once(this.#child, 'message')
    this.#child.send('tell')
    return (await told)[0] as Gaps
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}
