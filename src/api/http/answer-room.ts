import type { Socket } from 'node:net'
import type { Clock } from '../../ports/clock.ts'
import { movedOf } from './connections.ts'

/** Bytes of answers that wait for their readers: of all, and of one host. */
const ROOM_BYTES = 64 * 1024 * 1024
const HOST_ROOM_BYTES = 16 * 1024 * 1024
/** While others wait for the room, an answer that doesn't move for this long is cut. */
const UNREAD_MAX_MS = 3_000
const LOOK_MS = 500

interface Unread {
  readonly host: string
  readonly bytes: number
  readonly socket: Socket
  moved: number
  movedAt: number
}

interface AnswerRoomOptions {
  readonly clock: Clock
  /** Called when there is room again for somebody who had to wait. */
  readonly onRoom: () => void
}

/**
 * The memory of answers that are whole in it until their readers have taken them. A host whose
 * answers fill its part waits with further requests, and who doesn't read is cut then.
 */
export class AnswerRoom {
  readonly #clock: Clock
  readonly #onRoom: () => void
  readonly #held = new Set<Unread>()
  readonly #bytesOf = new Map<string, number>()
  #bytes = 0
  #isAwaited = false

  constructor({ clock, onRoom }: AnswerRoomOptions) {
    this.#clock = clock
    this.#onRoom = onRoom
  }

  /** Whether a host may ask for more. */
  mayBegin(host: string): boolean {
    const isFull = this.#bytes >= ROOM_BYTES || (this.#bytesOf.get(host) ?? 0) >= HOST_ROOM_BYTES
    if (isFull) this.#await()
    return !isFull
  }

  /** Takes room for an answer, also where there is none: it is made. Call the result once. */
  take(host: string, bytes: number, socket: Socket): () => void {
    const held = { host, bytes, socket, moved: movedOf(socket), movedAt: this.#clock.now() }
    this.#held.add(held)
    this.#count(host, bytes)
    return () => {
      this.#held.delete(held)
      this.#count(host, -bytes)
      if (this.#isAwaited) this.#onRoom()
    }
  }

  #count(host: string, bytes: number): void {
    this.#bytes += bytes
    const ofHost = (this.#bytesOf.get(host) ?? 0) + bytes
    if (ofHost === 0) this.#bytesOf.delete(host)
    else this.#bytesOf.set(host, ofHost)
  }

  /** Looks for stalled answers until nothing is held, since somebody waits. */
  #await(): void {
    if (this.#isAwaited) return
    this.#isAwaited = true
    this.#clock.after(LOOK_MS, () => {
      this.#isAwaited = false
      this.#cutStalled()
      this.#onRoom()
    })
  }

  #cutStalled(): void {
    const now = this.#clock.now()
    for (const held of this.#held) {
      const moved = movedOf(held.socket)
      if (moved !== held.moved) Object.assign(held, { moved, movedAt: now })
      else if (now - held.movedAt >= UNREAD_MAX_MS) held.socket.destroy()
    }
  }
}
