/** A task and its moment in virtual time. */
interface Event {
  readonly at: number
  /** Orders events of the same moment: first come, first served. */
  readonly turn: number
  task: (() => void) | undefined
}

/** Lets everything run that is ready. All promises are settled when the event loop comes round. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Virtual time: a heap of events, carried out one by one. Nothing waits for the wall clock. */
export class Timeline {
  readonly #heap: Event[] = []
  #now: number
  #turn = 0
  #carriedOut = 0

  /** `start` is Unix ms. */
  constructor(start: number) {
    this.#now = start
  }

  get now(): number {
    return this.#now
  }

  /** The number of events carried out so far. */
  get carriedOut(): number {
    return this.#carriedOut
  }

  /** Runs `task` once, `delayMs` from now, unless the returned function is called before. */
  after(delayMs: number, task: () => void): () => void {
    const event: Event = { at: this.#now + Math.max(0, delayMs), turn: this.#turn++, task }
    this.#push(event)
    return () => {
      event.task = undefined
    }
  }

  delay(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve)
    })
  }

  /**
   * Carries out events, each with its immediate consequences, until `until` (Unix ms) or `done`.
   */
  async run(until: number, done: () => boolean = () => false): Promise<void> {
    await settle()
    while (!done() && (await this.step(until))) {
      // The step did the work.
    }
    if (!done()) this.#now = Math.max(this.#now, until)
  }

  /**
   * Carries out the next event with its immediate consequences. False if none is due by `until`
   * (Unix ms).
   */
  async step(until = Number.POSITIVE_INFINITY): Promise<boolean> {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop()
      if (next.task === undefined) continue
      this.#now = next.at
      this.#carriedOut += 1
      next.task()
      await settle()
      return true
    }
    return false
  }

  /**
   * Waits for a promise while virtual time goes on. Throws if it rejects; `undefined` if `until`
   * comes first.
   */
  async runUntilSettled<T>(promise: Promise<T>, until: number): Promise<T | undefined> {
    let outcome: { value: T } | { error: unknown } | undefined
    promise.then(
      (value) => {
        outcome = { value }
      },
      (error: unknown) => {
        outcome = { error }
      },
    )
    await this.run(until, () => outcome !== undefined)
    const found = outcome as { value: T } | { error: unknown } | undefined
    if (found !== undefined && 'error' in found) throw found.error
    return found?.value
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(event, heap[above]!)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= heap.length) break
      const right = left + 1
      const least = right < heap.length && isBefore(heap[right]!, heap[left]!) ? right : left
      if (!isBefore(heap[least]!, last)) break
      heap[at] = heap[least]!
      at = least
    }
    heap[at] = last
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.turn < b.turn)
}
