/** How long one turn of the event loop may work, in ms, before others get the thread. */
const TURN_MAX_MS = 8

interface BreathOptions {
  /** In ms. */
  readonly now: () => number
  /** Runs a task after the events that wait now. */
  readonly nextTurn: (task: () => void) => void
}

/**
 * Lets others have the thread in between. Waiting for what is there already doesn't: the event loop
 * goes round only when all such promises are through, so that a long row of short reads stalls
 * everybody as one long read does.
 */
export class Breath {
  readonly #now: () => number
  readonly #nextTurn: (task: () => void) => void
  /** When the present turn first asked; undefined if the event loop has gone round since. */
  #since: number | undefined
  /** Who waits, the longest first: walks, and those who need the thread a few times only. */
  readonly #walks: (() => void)[] = []
  readonly #brief: (() => void)[] = []
  #wasBrief = false

  constructor({ now, nextTurn }: BreathOptions) {
    this.#now = now
    this.#nextTurn = nextTurn
  }

  /**
   * Undefined while the turn is young; else a promise that resolves in a later one. All who wait
   * share its time: each goes on when those before it have left some, or in the turn after. Who is
   * brief gets every second place: an answer doesn't wait for as many walks as somebody may begin.
   */
  breathe(isBrief = false): Promise<void> | undefined {
    if (this.#hasTime()) return undefined
    return new Promise((resolve) => {
      const waiting = isBrief ? this.#brief : this.#walks
      waiting.push(resolve)
      this.#nextTurn(() => this.#goOn())
    })
  }

  #hasTime(): boolean {
    const now = this.#now()
    if (this.#since === undefined) {
      this.#since = now
      this.#nextTurn(() => {
        this.#since = undefined
      })
    }
    return now - this.#since < TURN_MAX_MS
  }

  /** A task of its own for each who waits, so that what the one before does is over by then. */
  #goOn(): void {
    if (this.#hasTime()) this.#next()?.()
    else this.#nextTurn(() => this.#goOn())
  }

  #next(): (() => void) | undefined {
    const isBriefsTurn = !this.#wasBrief || this.#walks.length === 0
    this.#wasBrief = isBriefsTurn && this.#brief.length > 0
    return this.#wasBrief ? this.#brief.shift() : this.#walks.shift()
  }
}
