import type { Cid } from '../../core/cid.ts'
import type { Clock } from '../../ports/clock.ts'

/** How long a peer's `absent` is believed (BEHAVIOUR.md#fetch). */
const ABSENT_MS = 5 * 60_000
const ABSENCES_MAX = 10_000

/** What peers, by their addresses, said that they don't have. */
export class Absences {
  readonly #clock: Clock
  /** When it is no longer believed, Unix ms. */
  readonly #until = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The peer said that it does not have this. */
  add(address: string, cid: Cid): void {
    const key = `${address} ${cid}`
    this.#until.delete(key)
    this.#until.set(key, this.#clock.now() + ABSENT_MS)
    const [oldest] = this.#until.keys()
    if (this.#until.size > ABSENCES_MAX && oldest !== undefined) this.#until.delete(oldest)
  }

  /** Whether the peer said lately that it does not have this. */
  has(address: string, cid: Cid): boolean {
    return (this.#until.get(`${address} ${cid}`) ?? 0) > this.#clock.now()
  }

  /** The peer holds this after all: it advertised it. */
  forget(address: string, cid: Cid): void {
    this.#until.delete(`${address} ${cid}`)
  }
}
