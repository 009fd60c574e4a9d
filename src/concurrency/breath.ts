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

  constructor({ now, nextTurn }: BreathOptions) {
    this.#now = now
    this.#nextTurn = nextTurn
  }

  /** Undefined while the turn is young; else a promise that resolves in the next turn. */
  breathe(): Promise<void> | undefined {
    const now = this.#now()
    if (this.#since === undefined) {
      this.#since = now
      this.#nextTurn(() => {
        this.#since = undefined
      })
    }
    return now - this.#since < TURN_MAX_MS ? undefined : new Promise(this.#nextTurn)
  }
}
