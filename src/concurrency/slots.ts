import { Pace } from './pace.ts'

/**
 * What a slot is wanted for, the most urgent first: what somebody asked for, small things that
 * nobody asked for, and large ones.
 */
const URGENCIES = ['asked', 'small', 'bulk'] as const

export type Urgency = (typeof URGENCIES)[number]

/** How many slots there are. */
export interface Room {
  readonly all: number
  /** Of these, the most for what nobody asked for, and for what is large of that. */
  readonly unasked: number
  readonly bulk: number
  readonly perHost: number
  /** What was asked for may have so many slots at a host that the rest has filled. */
  readonly askedPerHost: number
}

/** Somebody who wants a slot, or has one. */
export interface Applicant {
  /** Whose bytes they are. Hosts take turns. */
  readonly host: string
  /** It may change at any time; `Slots.changed` is to be called then. */
  readonly urgency: () => Urgency
  /** Asks a slow occupant to leave its slot, since somebody else waits for it. Called once. */
  readonly displace: () => void
}

/** A slot that somebody has. */
export interface Slot {
  /** The occupant waits for its host from now on. */
  asks(): void
  /** So many bytes came from the host. */
  moved(bytes: number): void
  /** Gives the slot back. To be called once. */
  leave(): void
}

export interface Timers {
  /** Unix ms. */
  now(): number
  /** Runs the task after a while, unless the returned function is called before. */
  after(delayMs: number, task: () => void): () => void
}

/** While somebody waits, slow occupants are looked for this often. */
const SLOW_CHECK_MS = 1_000
/**
 * Bytes a second that an occupant must bring while somebody waits: these at first, doubled each so
 * many ms that it has waited for its host, up to the last.
 */
const RATE_FIRST_BYTES = 4 * 1024
const RATE_DOUBLES_MS = 15_000
const RATE_LAST_BYTES = 256 * 1024

interface Waiter {
  readonly applicant: Applicant
  readonly admit: (slot: Slot) => void
}

interface Occupant {
  readonly applicant: Applicant
  readonly pace: Pace
  isDisplaced: boolean
}

/**
 * Slots for transfers. A free one goes to a kind of urgency that has none, then to the most urgent
 * applicant; among equals to the host that has the fewest, then to who has waited longest. So
 * nobody waits for ever while slots become free, and they do: who is slow loses its slot when
 * somebody waits who could have it.
 */
export class Slots {
  readonly #room: Room
  readonly #timers: Timers
  readonly #occupants = new Set<Occupant>()
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiter>()
  #cancelCheck: (() => void) | undefined

  constructor(room: Room, timers: Timers) {
    this.#room = room
    this.#timers = timers
  }

  /** A slot, once there is one. Rejects with the signal's reason if that aborts before. */
  async enter(applicant: Applicant, signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<Slot>()
    const waiter: Waiter = { applicant, admit: resolve }
    const onAbort = () => {
      this.#waiting.delete(waiter)
      this.#watch()
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    this.#waiting.add(waiter)
    this.changed()
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Gives out the slots that are free, after an applicant has become more or less urgent. */
  changed(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#grant(next)
    this.#watch()
  }

  #next(): Waiter | undefined {
    let first: Waiter | undefined
    for (const waiter of this.#waiting) {
      if (!this.#admits(waiter.applicant)) continue
      if (first === undefined || this.#compare(waiter.applicant, first.applicant) < 0)
        first = waiter
    }
    return first
  }

  #grant(waiter: Waiter): void {
    const { applicant, admit } = waiter
    const occupant: Occupant = { applicant, pace: new Pace(), isDisplaced: false }
    occupant.pace.asks(this.#timers.now())
    this.#waiting.delete(waiter)
    this.#occupants.add(occupant)
    admit({
      asks: () => occupant.pace.asks(this.#timers.now()),
      moved: (bytes) => occupant.pace.moved(bytes, this.#timers.now()),
      leave: () => {
        this.#occupants.delete(occupant)
        this.changed()
      },
    })
  }

  /** Which of two applicants goes first. Negative if `a` does. */
  #compare(a: Applicant, b: Applicant): number {
    const rank = (applicant: Applicant) => {
      const index = indexOf(applicant)
      const hasNone = this.#count((held) => indexOf(held) === index) === 0
      return hasNone ? index : index + URGENCIES.length
    }
    return rank(a) - rank(b) || this.#ofHost(a.host) - this.#ofHost(b.host)
  }

  /** Whether there is a slot for the applicant, or would be `without` that occupant. */
  #admits(applicant: Applicant, without?: Occupant): boolean {
    const { all, unasked, bulk, perHost, askedPerHost } = this.#room
    const count = (matches: (held: Applicant) => boolean) => this.#count(matches, without)
    const ofHost = (held: Applicant) => held.host === applicant.host
    const isAsked = (held: Applicant) => held.urgency() === 'asked'
    const urgency = applicant.urgency()
    if (count(() => true) >= all) return false
    if (urgency === 'asked')
      return (
        count(ofHost) < perHost || count((held) => ofHost(held) && isAsked(held)) < askedPerHost
      )
    if (count(ofHost) >= perHost || count((held) => !isAsked(held)) >= unasked) return false
    return urgency === 'small' || count((held) => held.urgency() === 'bulk') < bulk
  }

  #count(matches: (held: Applicant) => boolean, without?: Occupant): number {
    let count = 0
    for (const occupant of this.#occupants)
      if (occupant !== without && matches(occupant.applicant)) count++
    return count
  }

  #ofHost(host: string): number {
    return this.#count((held) => held.host === host)
  }

  /** Looks for slow occupants after a while, as long as somebody waits. */
  #watch(): void {
    if (this.#waiting.size === 0) {
      this.#cancelCheck?.()
      this.#cancelCheck = undefined
      return
    }
    this.#cancelCheck ??= this.#timers.after(SLOW_CHECK_MS, () => {
      this.#cancelCheck = undefined
      for (const urgency of URGENCIES) this.#displaceFor(urgency)
      this.#watch()
    })
  }

  /** Displaces one slow occupant for the first of these waiters that its slot would help. */
  #displaceFor(urgency: Urgency): void {
    const looked = new Set<string>()
    const waiting = [...this.#waiting].filter(({ applicant }) => applicant.urgency() === urgency)
    for (const { applicant } of waiting.sort((a, b) => this.#compare(a.applicant, b.applicant))) {
      if (looked.has(applicant.host)) continue
      looked.add(applicant.host)
      const slow = this.#slowestFor(applicant)
      if (slow === undefined) continue
      slow.isDisplaced = true
      slow.applicant.displace()
      return
    }
  }

  /**
   * The slowest occupant whose slot the applicant may have. Of its own urgency, that is one of a
   * host with as many slots.
   */
  #slowestFor(applicant: Applicant): Occupant | undefined {
    const now = this.#timers.now()
    const held = this.#ofHost(applicant.host)
    const isBelow = ({ applicant: other }: Occupant) =>
      indexOf(other) > indexOf(applicant) ||
      (indexOf(other) === indexOf(applicant) && this.#ofHost(other.host) >= held)
    const rate = ({ pace }: Occupant) => pace.rate(now) ?? Number.POSITIVE_INFINITY
    const [slowest] = [...this.#occupants]
      .filter(
        (occupant) => !occupant.isDisplaced && isBelow(occupant) && isSlow(occupant.pace, now),
      )
      .filter((occupant) => this.#admits(applicant, occupant))
      .sort((a, b) => rate(a) - rate(b))
    return slowest
  }
}

const indexOf = (applicant: Applicant): number => URGENCIES.indexOf(applicant.urgency())

function isSlow(pace: Pace, now: number): boolean {
  const rate = pace.rate(now)
  const least = RATE_FIRST_BYTES * 2 ** (pace.waitedMs(now) / RATE_DOUBLES_MS)
  return rate !== undefined && rate < Math.min(RATE_LAST_BYTES, least)
}
