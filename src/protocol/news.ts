import type { Cid } from '../core/cid.ts'
import { DIGEST_MAX_ENTRIES } from '../core/limits.ts'
import { forgetOldest } from './bounded.ts'

/** Hex digits of a cid in news. */
const SHORT_DIGITS = 16
/** Ids remembered as heard of, and as asked for: both only spare messages. */
const HEARD_MAX = 8_192
const ASKED_MAX = 1_024
/** How long an item that was asked for is waited for before the next who offers it is asked. */
const PATIENCE_MS = 400

/** Names an item in news, where its whole id would be most of the message. */
export const shortId = (cid: Cid): string => cid.slice(-SHORT_DIGITS)

/** What this grove has heard of, and what it has asked for: so that of the many who offer an item one is asked. */
export class News {
  readonly #heard = new Set<string>()
  readonly #askedAt = new Map<string, number>()

  heardOf(cid: Cid): void {
    this.#heard.add(shortId(cid))
    forgetOldest(this.#heard, HEARD_MAX)
  }

  /** Those of the short ids that nothing is known of and that nobody has just been asked for; they count as asked for now. */
  toAsk(ids: readonly string[], now: number): string[] {
    const lacking = ids.slice(0, DIGEST_MAX_ENTRIES).filter((id) => {
      const askedAt = this.#askedAt.get(id)
      return !this.#heard.has(id) && (askedAt === undefined || now - askedAt >= PATIENCE_MS)
    })
    for (const id of lacking) {
      this.#askedAt.delete(id)
      this.#askedAt.set(id, now)
    }
    forgetOldest(this.#askedAt, ASKED_MAX)
    return lacking
  }
}
