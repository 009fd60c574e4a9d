/** Time as an argument: the wall clock in production, virtual time in the simulator. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number
  /**
   * Runs `task` once, `delayMs` from now, unless the returned function is called before. Does not
   * keep the process alive.
   */
  after(delayMs: number, task: () => void): () => void
  /** Resolves `delayMs` from now; rejects with the signal's reason if it aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}
