import { BoundedMap } from '../../concurrency/bounded.ts'
import { Bucket } from '../../concurrency/bucket.ts'
import type { GroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'

/** How often one fault of a peer is logged. */
const SAME_FAULT_MS = 60_000
/** Faults of all peers that are logged at once, and how often one more is. */
const FAULTS_MAX = 20
const FAULT_MS = 3_000
/** Faults, each of one peer, that are counted. */
const FAULTS_COUNTED_MAX = 1_024

interface Repeated {
  readonly bucket: Bucket
  /** How many were not logged since the last that was. */
  more: number
}

/** Logs what peers do wrong, at a rate: peers fill no disk. The others are logged at `debug`. */
export class FaultLog {
  readonly #log: Log
  readonly #clock: Pick<Clock, 'now'>
  readonly #all = new Bucket(FAULTS_MAX, FAULT_MS)
  readonly #repeated = new BoundedMap<string, Repeated>(FAULTS_COUNTED_MAX)

  constructor({ log, clock }: { readonly log: Log; readonly clock: Pick<Clock, 'now'> }) {
    this.#log = log
    this.#clock = clock
  }

  note(peer: PeerAddress, { code, message, details }: GroveError): void {
    const now = this.#clock.now()
    const { fault } = details
    const key = JSON.stringify([peer.address, code, fault])
    const same = this.#repeated.get(key) ?? { bucket: new Bucket(1, SAME_FAULT_MS), more: 0 }
    this.#repeated.set(key, same)
    const isTold = same.bucket.hasToken(now) && this.#all.tryTake(now) && same.bucket.tryTake(now)
    const more = same.more === 0 ? {} : { more: same.more }
    const fields = { ...peer, code, fault, reason: message }
    if (isTold) this.#log.warn('peer fault', { ...fields, ...more })
    else this.#log.debug('peer fault', fields)
    same.more = isTold ? 0 : same.more + 1
  }
}
