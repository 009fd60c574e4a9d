import { addBounded, evictOldest } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import { mustHold } from '../../core/invariant.ts'
import { DIGEST_MAX_ENTRIES } from '../../core/limits.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Sender } from '../membership/membership.ts'
import type { RoundQuota } from '../round-quota.ts'

/** Hex digits of a short id. */
const SHORT_DIGITS = 16
/** Items remembered as known, and as asked for: both only spare messages. */
const KNOWN_MAX = 8_192
const PENDING_MAX = 1_024
/** How long an item that was asked for is waited for before another who offers it is asked. */
const RETRY_AFTER_MS = 400
/** Offerers remembered of an item, and how often one of them is asked again. */
const OFFERERS_MAX = 8
const RETRIES_MAX = 8

/** Names an item in an announcement, where its whole id would be most of the message. */
export const shortId = (cid: Cid): string => cid.slice(-SHORT_DIGITS)

/** An item that was asked for and has not come. */
interface PendingRequest {
  askedAt: number
  retries: number
  /** Who offered it, next to be asked first. */
  offerers: readonly Sender[]
}

type RetryQuota = Pick<RoundQuota, 'tryTakeRetry'>

/** A peer, and the items to ask it for, by short id. */
export interface Request {
  readonly peer: PeerAddress
  readonly ids: string[]
}

/**
 * What this grove has heard of, and what it has asked for (Plumtree's lazy push): of the many who
 * offer an item one is asked at a time, until it comes.
 */
export class PendingRequests {
  readonly #known = new Set<string>()
  readonly #pending = new Map<string, PendingRequest>()
  #dueAt = Number.POSITIVE_INFINITY

  /** When somebody has to be asked again, at the soonest (Unix ms); infinite while nothing is pending. */
  get dueAt(): number {
    return this.#dueAt
  }

  markKnown(cid: Cid): void {
    const id = shortId(cid)
    this.#pending.delete(id)
    addBounded(this.#known, id, KNOWN_MAX)
  }

  /** Those of the short ids to ask the offerer for: nothing is known of them, and nobody has just been asked. */
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
    evictOldest(this.#pending, PENDING_MAX)
    return missing
  }

  /** Asks again for what was waited for too long, each item of another offerer, within the round's quota. In the end an item is given up. */
  retry(now: number, quota: RetryQuota): Request[] {
    const requests = new Map<string, Request>()
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

  /** Throws InvariantError where what is pending is out of bounds, is known already, or would not be asked for again. */
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

  /** The clock was set back: what is pending is asked for again no later for it. */
  shiftClock(byMs: number): void {
    for (const pending of this.#pending.values()) pending.askedAt -= byMs
    this.#dueAt -= byMs
  }
}

/** Adds the item to a request to one of its offerers, who is then the last of its like to be asked again. */
function askAgain(
  id: string,
  pending: PendingRequest,
  requests: Map<string, Request>,
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

/** Newest offerer first within its group; proven offerers sort first, so the cap drops unproven ones. */
function withOfferer(offerers: readonly Sender[], offerer: Sender): Sender[] {
  const others = offerers.filter(({ address }) => address !== offerer.address)
  return [offerer, ...others].sort(provenFirst).slice(0, OFFERERS_MAX)
}

const provenFirst = (a: Sender, b: Sender): number => Number(b.proven) - Number(a.proven)
