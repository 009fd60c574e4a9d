import type { Socket } from 'node:net'
import type { Clock } from '../../ports/clock.ts'
import { movedOf } from './connections.ts'

/** How often it is looked whether something moved. */
const WINDOW_MS = 10_000
/** Windows in a row that are looked at together, since what the system takes comes in lumps. */
const WINDOWS = 3
/** Bytes a second that must move while a body is under way, in either direction. */
const RATE_MIN_BYTES = 4 * 1024
/** The same where connections are scarce: it doubles with each window up to this. */
const RATE_CROWDED_MAX_BYTES = 64 * 1024

interface MovementOptions {
  readonly socket: Socket
  readonly clock: Clock
  /** Whether others need the connection. */
  readonly isCrowded: () => boolean
}

/** Cuts a connection on which less moves than should. */
export class Movement {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #isCrowded: () => boolean
  #moved: number[] = []
  #mayPause = false
  #crowdedWindows = 0
  #cancel = () => {}

  constructor({ socket, clock, isCrowded }: MovementOptions) {
    this.#socket = socket
    this.#clock = clock
    this.#isCrowded = isCrowded
  }

  /** From now on something has to move. */
  expect(): void {
    this.#begin({ mayPause: false })
  }

  /** From now on what is written has to be read. Nothing need be written. */
  expectReading(): void {
    this.#begin({ mayPause: true })
  }

  #begin({ mayPause }: { mayPause: boolean }): void {
    this.allowPause()
    this.#mayPause = mayPause
    this.#moved = [movedOf(this.#socket)]
    this.#crowdedWindows = 0
    this.#watch()
  }

  /** From now on the connection may be idle. */
  allowPause(): void {
    this.#cancel()
  }

  #watch(): void {
    this.#cancel = this.#clock.after(WINDOW_MS, () => {
      const isSlow = this.#isSlow(movedOf(this.#socket))
      if (isSlow) this.#socket.destroy()
      else this.#watch()
    })
  }

  #isSlow(moved: number): boolean {
    return this.#mayPause ? this.#isUnread(moved) : this.#isBelowRate(moved)
  }

  #isUnread(moved: number): boolean {
    const hasMoved = this.#socket.writableLength === 0 || moved !== this.#moved.at(-1)
    this.#moved = hasMoved ? [moved] : [...this.#moved, moved]
    return this.#moved.length > WINDOWS
  }

  #isBelowRate(moved: number): boolean {
    const seconds = WINDOW_MS / 1_000
    const last = this.#moved.at(-1) ?? 0
    const first = this.#moved.length === WINDOWS ? this.#moved.shift() : undefined
    this.#moved.push(moved)
    if (first !== undefined && moved - first < RATE_MIN_BYTES * seconds * WINDOWS) return true
    this.#crowdedWindows = this.#isCrowded() ? this.#crowdedWindows + 1 : 0
    if (this.#crowdedWindows === 0) return false
    const rate = RATE_MIN_BYTES * 2 ** (this.#crowdedWindows - 1)
    return moved - last < Math.min(rate, RATE_CROWDED_MAX_BYTES) * seconds
  }
}
