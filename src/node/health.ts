import { errorBody } from '../core/errors.ts'
import type { GroveInfo } from '../core/wire/grove.ts'
import type { Clock } from '../ports/clock.ts'
import type { DiskRoom, StoreHealth } from '../ports/store-health.ts'
import type { EventHub } from './events.ts'

/** What was found out about the stores holds for this long: anybody may ask. */
const CHECK_MS = 10_000
/** Damaged hashes that a grove names. */
const DAMAGED_SHOWN_MAX = 20

interface Ports {
  readonly health: StoreHealth
  readonly clock: Clock
  readonly events: Pick<EventHub, 'publish'>
}

/** How the stores of a grove are doing, told to subscribers and to whoever asks. */
export class Health {
  readonly #stores: StoreHealth
  readonly #clock: Clock
  readonly #leave: () => void
  #damages = 0
  #last: { readonly at: number; readonly outcome: Promise<void> } | undefined

  constructor({ health, clock, events }: Ports) {
    this.#stores = health
    this.#clock = clock
    this.#leave = health.onDamage((damage) => {
      this.#damages += 1
      events.publish({ type: 'damaged', ...damage })
    })
  }

  /** Throws `storage-full`, `storage-failed` if nothing can be stored, as of a moment ago. */
  check(): Promise<void> {
    const now = this.#clock.now()
    if (this.#last === undefined || now - this.#last.at >= CHECK_MS)
      this.#last = { at: now, outcome: this.#stores.check({ writes: true }) }
    return this.#last.outcome
  }

  /** What is known without storing anything. */
  async info(): Promise<NonNullable<GroveInfo['storage']>> {
    const damaged = this.#stores.damaged()
    const failure = await this.#stores.check({ writes: false }).then(
      () => undefined,
      (error: unknown) => errorBody(error).error.message,
    )
    return {
      ...(failure === undefined ? {} : { failure }),
      damaged: damaged.length,
      damagedHashes: damaged.slice(0, DAMAGED_SHOWN_MAX),
    }
  }

  /** How often damage was found since the start. */
  get damages(): number {
    return this.#damages
  }

  /** How many hashes are known to be damaged. */
  damaged(): number {
    return this.#stores.damaged().length
  }

  /** The room on the disk; undefined where there is none to speak of. */
  room(): Promise<DiskRoom | undefined> {
    return this.#stores.room()
  }

  close(): void {
    this.#leave()
  }
}
