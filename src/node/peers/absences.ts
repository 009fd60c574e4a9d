import { BoundedMap } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Absences } from '../context.ts'

/** How long a peer's `absent` is believed (BEHAVIOUR.md#fetch). */
const ABSENT_MS = 5 * 60_000
const ABSENCES_MAX = 10_000

/** What peers said lately that they don't have, by the peer's address. */
export class AbsenceMemory implements Absences {
  readonly #clock: Clock
  /** When it is no longer believed, Unix ms. */
  readonly #until = new BoundedMap<string, number>(ABSENCES_MAX)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(address: string, cid: Cid): void {
    this.#until.set(`${address} ${cid}`, this.#clock.now() + ABSENT_MS)
  }

  has(address: string, cid: Cid): boolean {
    return (this.#until.get(`${address} ${cid}`) ?? 0) > this.#clock.now()
  }

  forget(address: string, cid: Cid): void {
    this.#until.delete(`${address} ${cid}`)
  }
}
