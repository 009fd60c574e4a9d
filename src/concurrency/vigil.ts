interface Delays {
  after(delayMs: number, task: () => void): () => void
}

/** How long a call may be silent before the other side is asked for a sign of life. */
const SILENT_MS = 2_000
/** How long the first sign of life may take. */
const FIRST_SIGN_MS = 8_000
/** The same for one that has answered before: it may only be slow. */
const LATER_SIGN_MS = 118_000
/** Time from one sign of life to the next question for one. */
const AGAIN_MS = 30_000

export interface VigilOptions {
  readonly timers: Delays
  /** Asks for a sign of life, on a way of its own. */
  readonly probe: (signal: AbortSignal) => Promise<unknown>
  /** The error of a call when nothing was heard for so long. */
  readonly silent: (waitedMs: number) => Error
  /** Whether the error of a probe means that the call is lost, too. */
  readonly isFatal: (error: unknown) => boolean
}

/**
 * Watches over calls of one server that may take long: a fetch answers when all has come. While one
 * is silent, the server is asked whether it lives. If nothing is heard, the call fails.
 */
export class Vigil {
  readonly #options: VigilOptions
  #isHeard = false

  constructor(options: VigilOptions) {
    this.#options = options
  }

  /** Makes a call; its signal aborts when the given one does, or when nothing is heard. */
  async over<T>(
    signal: AbortSignal | undefined,
    call: (until: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const lost = new AbortController()
    const ended = new AbortController()
    this.#watch(lost, ended.signal, SILENT_MS)
    try {
      const { signal: lostSignal } = lost
      const answer = await call(
        signal === undefined ? lostSignal : AbortSignal.any([signal, lostSignal]),
      )
      this.#isHeard = true
      return answer
    } catch (error) {
      throw lost.signal.aborted ? lost.signal.reason : error
    } finally {
      ended.abort()
    }
  }

  #watch(lost: AbortController, ended: AbortSignal, afterMs: number): void {
    const cancel = this.#options.timers.after(afterMs, () => void this.#ask(lost, ended))
    ended.addEventListener('abort', cancel, { once: true })
  }

  async #ask(lost: AbortController, ended: AbortSignal): Promise<void> {
    const { timers, probe, silent, isFatal } = this.#options
    const waitMs = this.#isHeard ? LATER_SIGN_MS : FIRST_SIGN_MS
    const cancel = timers.after(waitMs, () => lost.abort(silent(SILENT_MS + waitMs)))
    const until = AbortSignal.any([ended, lost.signal])
    until.addEventListener('abort', cancel, { once: true })
    try {
      await probe(until)
      this.#isHeard = true
    } catch (error) {
      // Whoever takes no new connection may still end what it has begun.
      if (!ended.aborted && isFatal(error)) lost.abort(error)
    }
    cancel()
    if (!until.aborted) this.#watch(lost, ended, AGAIN_MS)
  }
}
