import { BoundedMap, BoundedSet } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import { mustHold } from '../../core/invariant.ts'
import { DIGEST_MAX_ENTRIES } from '../../core/limits.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Sender } from '../membership/sender.ts'
import type { RoundQuota } from '../round-quota.ts'

/** Hex digits of a short id. */
const SHORT_DIGITS = 16
/** Known items and pending requests remembered. Both only save messages. */
const KNOWN_MAX = 8_192
const PENDING_MAX = 1_024
/** How long an item may take to come before it is requested of another offerer. */
const RETRY_AFTER_MS = 400
/** Offerers remembered of an item, and retries before it is given up. */
const OFFERERS_MAX = 8
const RETRIES_MAX = 8

/** Names an item in an announcement, which its whole id would double in size. */
export const shortId = (cid: Cid): string => cid.slice(-SHORT_DIGITS)

/** A request for an item that has not come. */
interface PendingRequest {
  /** Unix ms. */
  askedAt: number
  retries: number
  /** In the order in which they are asked. */
  offerers: readonly Sender[]
}

type RetryQuota = Pick<RoundQuota, 'tryTakeRetry'>

/** A peer, and the short ids of the items to request of it. */
export interface ItemRequest {
  readonly peer: PeerAddress
  readonly ids: string[]
}

/**
 * The items that this grove knows, and those that it has requested: of one offerer at a time, until
 * the item comes.
 */
export class PendingRequests {
  readonly #known = new BoundedSet<string>(KNOWN_MAX)
  readonly #pending = new BoundedMap<string, PendingRequest>(PENDING_MAX)
  #dueAt = Number.POSITIVE_INFINITY

  /** When the next retry is due (Unix ms); infinite while nothing is pending. */
  get dueAt(): number {
    return this.#dueAt
  }

  /** The item is known here: it is requested no more. */
  markKnown(cid: Cid): void {
    const id = shortId(cid)
    this.#pending.delete(id)
    this.#known.add(id)
  }

  /** The short ids to request of this offerer: neither known nor pending. */
  request(ids: readonly string[], offerer: Sender, now: number): string[] {
    const missing: string[] = []
    for (const id of ids.slice(0, DIGEST_MAX_ENTRIES)) {
      if (this.#known.has(id)) continue
      const pending = this.#pending.get(id)
      if (pending === undefined) {
        this.#pending.set(id, { askedAt: now, retries: 0, offerers: [offerer] })
        missing.push(id)
      } else pending.offerers = withOfferer(pending.offerers, offerer)
    }
    if (missing.length > 0) this.#dueAt = Math.min(this.#dueAt, now + RETRY_AFTER_MS)
    return missing
  }

  /**
   * Requests overdue items again, each of its next offerer that the round's quota allows. After the
   * last retry an item is given up.
   */
  retry(now: number, quota: RetryQuota): ItemRequest[] {
    const requests = new Map<string, ItemRequest>()
    this.#dueAt = Number.POSITIVE_INFINITY
    for (const [id, pending] of this.#pending) {
      if (now - pending.askedAt >= RETRY_AFTER_MS) {
        if (pending.retries >= RETRIES_MAX) {
          this.#pending.delete(id)
          continue
        }
        askAgain(id, pending, requests, quota)
        pending.retries += 1
        pending.askedAt = now
      }
      this.#dueAt = Math.min(this.#dueAt, pending.askedAt + RETRY_AFTER_MS)
    }
    return [...requests.values()]
  }

  /**
   * Throws InvariantError if what is pending is beyond its bounds, known already, or not retried in
   * time.
   */
  checkInvariants(): void {
    mustHold(this.#known.size <= KNOWN_MAX, 'items remembered as known are within bounds')
    mustHold(this.#pending.size <= PENDING_MAX, 'pending requests are within bounds')
    for (const [id, { askedAt, retries, offerers }] of this.#pending) {
      mustHold(!this.#known.has(id), 'nothing that is known is pending', { id })
      mustHold(retries <= RETRIES_MAX, 'retries are within bounds', { id, retries })
      const isOffered = offerers.length >= 1 && offerers.length <= OFFERERS_MAX
      mustHold(isOffered, 'a pending request has 1 to 8 offerers', { id })
      const addresses = new Set(offerers.map(({ address }) => address))
      mustHold(addresses.size === offerers.length, 'an offerer is remembered once', { id })
      mustHold(this.#dueAt <= askedAt + RETRY_AFTER_MS, 'a pending request is retried in time', {
        id,
      })
    }
  }

  /** The clock was set back: retries come no later for it. */
  shiftClock(byMs: number): void {
    for (const pending of this.#pending.values()) pending.askedAt -= byMs
    this.#dueAt -= byMs
  }
}

/** Adds the item to a request to one of its offerers, which then goes last within its group. */
function askAgain(
  id: string,
  pending: PendingRequest,
  requests: Map<string, ItemRequest>,
  quota: RetryQuota,
): void {
  for (const offerer of pending.offerers) {
    const { peerId, address } = offerer
    const request = requests.get(address)
    const hasRoom =
      request === undefined ? quota.tryTakeRetry(offerer) : request.ids.length < DIGEST_MAX_ENTRIES
    if (!hasRoom) continue
    if (request === undefined) requests.set(address, { peer: { peerId, address }, ids: [id] })
    else request.ids.push(id)
    const others = pending.offerers.filter((other) => other !== offerer)
    pending.offerers = [...others, offerer].sort(provenFirst)
    return
  }
}

/**
 * Newest offerer first within its group; proven offerers sort first, so the cap drops unproven
 * ones.
 */
function withOfferer(offerers: readonly Sender[], offerer: Sender): Sender[] {
  const others = offerers.filter(({ address }) => address !== offerer.address)
  return [offerer, ...others].sort(provenFirst).slice(0, OFFERERS_MAX)
}

const provenFirst = (a: Sender, b: Sender): number => Number(b.proven) - Number(a.proven)
