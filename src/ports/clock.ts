/** Time: the system's in production, virtual time in the simulator. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number
  /** Processor time of all threads so far, in ms. Undefined where nobody counts it. */
  cpu?(): number
  /**
   * Runs `task` once, `delayMs` from now, unless the returned function is called before. The timer
   * doesn't keep the process alive.
   */
  after(delayMs: number, task: () => void): () => void
  /**
   * Resolves `delayMs` from now. Rejects with the signal's reason as soon as that aborts. Somebody
   * waits for it: it keeps the process alive.
   */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}
