import { BoundedMap } from '../../concurrency/bounded.ts'
import { Bucket } from '../../concurrency/bucket.ts'
import { GroveError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'

/** Dial-backs for one key at once, then one in DIAL_BACK_MS. */
const DIAL_BACKS_MAX = 4
const DIAL_BACK_MS = 60_000
/** The same for one host, which may have many keys, and for all. */
const DIAL_BACKS_OF_HOST_MAX = 16
const DIAL_BACK_OF_HOST_MS = 15_000
const ALL_DIAL_BACKS_MAX = 120
const ANY_DIAL_BACK_MS = 500
/** Keys and hosts that are counted. */
const COUNTED_MAX = 4_096

/** How often others may have this grove dial them: it must not be of use to flood somebody. */
export class DialBacks {
  readonly #clock: Pick<Clock, 'now'>
  readonly #keys = new BoundedMap<string, Bucket>(COUNTED_MAX)
  readonly #hosts = new BoundedMap<string, Bucket>(COUNTED_MAX)
  readonly #all = new Bucket(ALL_DIAL_BACKS_MAX, ANY_DIAL_BACK_MS)

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** Throws `busy`. */
  take({ peerId, host }: { readonly peerId: string; readonly host: string }): void {
    const now = this.#clock.now()
    const ofKey = this.#keys.get(peerId) ?? new Bucket(DIAL_BACKS_MAX, DIAL_BACK_MS)
    const ofHost = this.#hosts.get(host) ?? new Bucket(DIAL_BACKS_OF_HOST_MAX, DIAL_BACK_OF_HOST_MS)
    this.#keys.set(peerId, ofKey)
    this.#hosts.set(host, ofHost)
    const buckets = [ofKey, ofHost, this.#all]
    if (buckets.every((bucket) => bucket.hasToken(now))) {
      for (const bucket of buckets) bucket.tryTake(now)
      return
    }
    throw new GroveError('busy', {}, { message: 'too many wants to be dialled: ask later' })
  }
}
