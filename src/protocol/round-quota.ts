import { BoundedMap } from '../concurrency/bounded.ts'
import type { Sender, Speaker } from './membership/sender.ts'

/** Rounds between two messages to a host none of whose addresses has answered. */
const PROBE_ROUNDS = 2
/** Hosts remembered as probed. */
const PROBED_MAX = 4_096
/**
 * Senders that are called back because of their messages, one of each host: in all, and of those
 * whose message came from elsewhere than their address.
 */
const CALLBACKS_MAX = 8
const HEARSAY_CALLBACKS_MAX = 4
/**
 * Entries and ids believed of messages that come from elsewhere than the address that they give: of
 * one peer, and in all.
 */
const HEARSAY_MAX_EACH = 8
const HEARSAY_MAX = 64
/**
 * Shuffles of others that may change the view, one of each host; those beyond it are only answered.
 */
const SHUFFLES_MAX = 5
/** Shuffles begun anew because the partner did not answer. */
const SHUFFLE_RETRIES_MAX = 2
/** Requests repeated to another offerer: in all, to one address, and to unproven offerers. */
const RETRIES_MAX = 32
const RETRIES_MAX_EACH = 4
const UNPROVEN_RETRIES_MAX = 8

/** Calls to who is said to have this grove's own key. */
const TWINS_MAX = 1

/**
 * Per-round quota on work that peers can trigger. Each `tryTake…` consumes one unit, and says
 * whether there was one.
 */
export class RoundQuota {
  readonly #probeGapMs: number
  /** When a host was probed (Unix ms). */
  readonly #probed = new BoundedMap<string, number>(PROBED_MAX)
  /** Addresses called. */
  readonly #called = new Set<string>()
  /** Hosts called back. */
  readonly #calledBack = new Set<string>()
  #hearsayCallbacks = 0
  /** Hosts whose shuffles have changed the view. */
  readonly #shuffled = new Set<string>()
  #shuffleRetries = 0
  #retries = 0
  #unprovenRetries = 0
  /** By address. */
  readonly #retriesEach = new Map<string, number>()
  readonly #pushedSuspects = new Set<string>()
  readonly #sent = new Set<string>()
  #twins = 0
  #hearsay = 0
  /** By address. */
  readonly #hearsayEach = new Map<string, number>()

  constructor(intervalMs: number) {
    this.#probeGapMs = PROBE_ROUNDS * intervalMs
  }

  beginRound(): void {
    this.#called.clear()
    this.#calledBack.clear()
    this.#hearsayCallbacks = 0
    this.#shuffled.clear()
    this.#shuffleRetries = 0
    this.#retries = 0
    this.#unprovenRetries = 0
    this.#retriesEach.clear()
    this.#pushedSuspects.clear()
    this.#sent.clear()
    this.#twins = 0
    this.#hearsay = 0
    this.#hearsayEach.clear()
  }

  noteCall(address: string): void {
    this.#called.add(address)
  }

  /** To call a sender back at the address it gives, which only an answer proves. */
  tryTakeCallback({ address, host, own }: Speaker): boolean {
    if (this.#called.has(address) || this.#calledBack.has(host)) return false
    if (this.#calledBack.size >= CALLBACKS_MAX) return false
    if (!own && ++this.#hearsayCallbacks > HEARSAY_CALLBACKS_MAX) return false
    this.#calledBack.add(host)
    return true
  }

  /** To send something small to a host that has not answered: one unit in so many rounds. */
  tryTakeProbe(host: string, now: number): boolean {
    const last = this.#probed.get(host) ?? Number.NEGATIVE_INFINITY
    if (last <= now && now - last < this.#probeGapMs) return false
    this.#probed.set(host, now)
    return true
  }

  /** To call an address where somebody is said to answer under this grove's own key. */
  tryTakeTwin(): boolean {
    return ++this.#twins <= TWINS_MAX
  }

  /** How many of `count` entries are believed that come from elsewhere in this peer's name. */
  takeHearsay(address: string, count: number): number {
    const before = this.#hearsayEach.get(address) ?? 0
    const taken = Math.min(count, HEARSAY_MAX_EACH - before, HEARSAY_MAX - this.#hearsay)
    this.#hearsayEach.set(address, before + taken)
    this.#hearsay += taken
    return taken
  }

  /** To let a shuffle of this host change the view. */
  tryTakeShuffle(host: string): boolean {
    if (this.#shuffled.has(host) || this.#shuffled.size >= SHUFFLES_MAX) return false
    this.#shuffled.add(host)
    return true
  }

  /** To begin a shuffle anew. */
  tryTakeShuffleRetry(): boolean {
    return ++this.#shuffleRetries <= SHUFFLE_RETRIES_MAX
  }

  /** To request items again, of this offerer. */
  tryTakeRetry({ address, proven }: Sender): boolean {
    const before = this.#retriesEach.get(address) ?? 0
    if (before >= RETRIES_MAX_EACH || this.#retries >= RETRIES_MAX) return false
    if (!proven && ++this.#unprovenRetries > UNPROVEN_RETRIES_MAX) return false
    this.#retriesEach.set(address, before + 1)
    this.#retries += 1
    return true
  }

  /** To push to a suspect: one unit each, since the push is likely to be lost. */
  tryTakeSuspectPush(address: string): boolean {
    const isFirst = !this.#pushedSuspects.has(address)
    this.#pushedSuspects.add(address)
    return isFirst
  }

  /** To send this address an item that it asked for: one unit an item. */
  tryTakeSend(address: string, id: string): boolean {
    const what = `${address} ${id}`
    const isFirst = !this.#sent.has(what)
    this.#sent.add(what)
    return isFirst
  }
}
