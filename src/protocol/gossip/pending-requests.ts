import { evictOldest } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import { DIGEST_MAX_ENTRIES } from '../../core/limits.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'

/** Hex digits of a cid in news. */
const SHORT_DIGITS = 16
/** Ids remembered as heard of, and as asked for: both only spare messages. */
const KNOWN_MAX = 8_192
const PENDING_MAX = 1_024
/** How long an item that was asked for is waited for before another who offers it is asked. */
const RETRY_AFTER_MS = 400
/** Of those who offer an item, as many are remembered, and as often one of them is asked again. */
const OFFERERS_MAX = 8
const RETRIES_MAX = 8

/** Names an item in news, where its whole id would be most of the message. */
export const shortId = (cid: Cid): string => cid.slice(-SHORT_DIGITS)

/** Who offers an item, and whether that one is known to answer at its address. */
export interface Offerer extends PeerAddress {
  readonly proven: boolean
}

/** An item that was asked for and has not come. */
interface PendingRequest {
  at: number
  retries: number
  /** Who offered it, next to be asked first. */
  offerers: Offerer[]
}

/** A peer, and the items to ask it for, by short id. */
export interface RetryRequest {
  readonly peer: PeerAddress
  readonly ids: string[]
}

/** What this grove has heard of, and what it has asked for: of the many who offer an item one is asked at a time, until it is told. */
export class PendingRequests {
  readonly #known = new Set<string>()
  readonly #pending = new Map<string, PendingRequest>()
  #dueAt = Number.POSITIVE_INFINITY

  /** When somebody has to be asked again, at the soonest. Unix ms; infinite where nothing is waited for. */
  get dueAt(): number {
    return this.#dueAt
  }

  markKnown(cid: Cid): void {
    const id = shortId(cid)
    this.#pending.delete(id)
    this.#known.add(id)
    evictOldest(this.#known, KNOWN_MAX)
  }

  /** Those of the short ids that nothing is known of and that nobody has just been asked for: the teller is, from now on. */
  request(ids: readonly string[], offerer: Offerer, now: number): string[] {
    const missing: string[] = []
    for (const id of ids.slice(0, DIGEST_MAX_ENTRIES)) {
      if (this.#known.has(id)) continue
      const asked = this.#pending.get(id)
      if (asked === undefined) {
        this.#pending.set(id, { at: now, retries: 0, offerers: [offerer] })
        missing.push(id)
      } else asked.offerers = withOfferer(asked.offerers, offerer)
    }
    if (missing.length > 0) this.#dueAt = Math.min(this.#dueAt, now + RETRY_AFTER_MS)
    evictOldest(this.#pending, PENDING_MAX)
    return missing
  }

  /** What was waited for too long, by who is asked for it now: only whom `mayAsk` allows. In the end an item is given up. */
  retry(now: number, mayAsk: (offerer: Offerer) => boolean): RetryRequest[] {
    const questions = new Map<string, RetryRequest>()
    this.#dueAt = Number.POSITIVE_INFINITY
    for (const [id, asked] of this.#pending) {
      if (now - asked.at >= RETRY_AFTER_MS) {
        if (asked.retries >= RETRIES_MAX) {
          this.#pending.delete(id)
          continue
        }
        const isFull = ({ address }: Offerer) =>
          questions.get(address)?.ids.length === DIGEST_MAX_ENTRIES
        const offerer = asked.offerers.find(
          (other) => !isFull(other) && (questions.has(other.address) || mayAsk(other)),
        )
        if (offerer !== undefined) {
          const { peerId, address } = offerer
          const question = questions.get(address) ?? { peer: { peerId, address }, ids: [] }
          question.ids.push(id)
          questions.set(address, question)
          asked.offerers = [...asked.offerers.filter((other) => other !== offerer), offerer].sort(
            provenFirst,
          )
        }
        asked.retries += 1
        asked.at = now
      }
      this.#dueAt = Math.min(this.#dueAt, asked.at + RETRY_AFTER_MS)
    }
    return [...questions.values()]
  }

  /** The clock was set back: what is waited for comes no later for it. */
  shiftClock(byMs: number): void {
    for (const asked of this.#pending.values()) asked.at -= byMs
    this.#dueAt -= byMs
  }
}

/** With one more who offers it, who comes first among his like; whoever is proven makes room for himself. */
function withOfferer(offerers: readonly Offerer[], offerer: Offerer): Offerer[] {
  const others = offerers.filter(({ address }) => address !== offerer.address)
  return [offerer, ...others].sort(provenFirst).slice(0, OFFERERS_MAX)
}

const provenFirst = (a: Offerer, b: Offerer): number => Number(b.proven) - Number(a.proven)
