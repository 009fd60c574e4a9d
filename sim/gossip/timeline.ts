/**
 * Slots of one turn of the wheel, one a millisecond: more than most waits.
 */
const SLOTS = 65_536

type Task = () => void

/**
 * Virtual time: tasks run in the order of their moments (whole milliseconds), those of one moment
 * in the order in which they were set.
 */
export class Timeline {
  now: number
  #pending = 0
  readonly #slots: (Task[] | undefined)[] = new Array(SLOTS).fill(undefined)
  /** Tasks beyond one turn of the wheel, with their moments. */
  #later: { at: number; task: Task }[] = []
  #nextTurn: number

  constructor(start: number) {
    this.now = start
    this.#nextTurn = start + SLOTS
  }

  /** Runs the task at that moment; one in the past runs next. O(1). */
  at(moment: number, task: Task): void {
    const at = Math.max(this.now, Math.ceil(moment))
    this.#pending += 1
    if (at >= this.#nextTurn) this.#later.push({ at, task })
    else this.#put(at, task)
  }

  after(delayMs: number, task: Task): void {
    this.at(this.now + delayMs, task)
  }

  /**
   * Lets time pass until `end` (inclusive), or until `enough` says so, which is asked every
   * `everyMs`.
   */
  runUntil(end: number, enough?: { everyMs: number; is: () => boolean }): void {
    let askAt = this.now
    while (this.#pending > 0 || this.now <= end) {
      if (enough !== undefined && this.now >= askAt) {
        if (enough.is()) return
        askAt = this.now + enough.everyMs
      }
      this.#runMoment()
      if (this.now >= end) return
      this.now += 1
      if (this.now === this.#nextTurn) this.#turn()
    }
  }

  #runMoment(): void {
    const index = this.now % SLOTS
    const slot = this.#slots[index]
    if (slot === undefined) return
    // Tasks set for this very moment while it runs are appended and run too.
    for (let next = 0; next < slot.length; next += 1) slot[next]!()
    this.#pending -= slot.length
    this.#slots[index] = undefined
  }

  #put(at: number, task: Task): void {
    const index = at % SLOTS
    const slot = this.#slots[index]
    if (slot === undefined) this.#slots[index] = [task]
    else slot.push(task)
  }

  #turn(): void {
    this.#nextTurn = this.now + SLOTS
    const later = this.#later
    this.#later = []
    for (const { at, task } of later) {
      if (at < this.#nextTurn) this.#put(at, task)
      else this.#later.push({ at, task })
    }
  }
}
