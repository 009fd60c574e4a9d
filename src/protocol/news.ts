import type { Cid } from '../core/cid.ts'
import { DIGEST_MAX_ENTRIES } from '../core/limits.ts'
import { forgetOldest } from './bounded.ts'
import type { PeerAddress } from './messages.ts'

/** Hex digits of a cid in news. */
const SHORT_DIGITS = 16
/** Ids remembered as heard of, and as asked for: both only spare messages. */
const HEARD_MAX = 8_192
const ASKED_MAX = 1_024
/** How long an item that was asked for is waited for before another who offers it is asked. */
const PATIENCE_MS = 400
/** Of those who offer an item, as many are remembered, and as often one of them is asked again. */
const TELLERS_MAX = 8
const REPEATS_MAX = 8

/** Names an item in news, where its whole id would be most of the message. */
export const shortId = (cid: Cid): string => cid.slice(-SHORT_DIGITS)

/** An item that was asked for and has not come. */
interface Asked {
  at: number
  repeats: number
  /** Who offered it, next to be asked first. */
  tellers: PeerAddress[]
}

/** Chooses of those who offer an item whom to ask for it, knowing the addresses that are asked for others anyway. */
export type Choose = (
  tellers: readonly PeerAddress[],
  addresses: ReadonlyMap<string, unknown>,
) => PeerAddress | undefined

/** A peer, and the items to ask it for, by short id. */
export interface Question {
  readonly peer: PeerAddress
  readonly ids: string[]
}

/** What this grove has heard of, and what it has asked for: of the many who offer an item one is asked at a time, until it is told. */
export class News {
  readonly #heard = new Set<string>()
  readonly #asked = new Map<string, Asked>()
  #dueAt = Number.POSITIVE_INFINITY

  /** When somebody has to be asked again, at the soonest. Unix ms; infinite where nothing is waited for. */
  get dueAt(): number {
    return this.#dueAt
  }

  heardOf(cid: Cid): void {
    const id = shortId(cid)
    this.#asked.delete(id)
    this.#heard.add(id)
    forgetOldest(this.#heard, HEARD_MAX)
  }

  /** Those of the short ids that nothing is known of and that nobody has just been asked for: the teller is, from now on. */
  toAsk(ids: readonly string[], teller: PeerAddress, now: number): string[] {
    const lacking: string[] = []
    for (const id of ids.slice(0, DIGEST_MAX_ENTRIES)) {
      if (this.#heard.has(id)) continue
      const asked = this.#asked.get(id)
      if (asked === undefined) {
        this.#asked.set(id, { at: now, repeats: 0, tellers: [teller] })
        lacking.push(id)
      } else if (asked.tellers.length < TELLERS_MAX && !asked.tellers.some(({ address }) => address === teller.address))
        asked.tellers.unshift(teller)
    }
    if (lacking.length > 0) this.#dueAt = Math.min(this.#dueAt, now + PATIENCE_MS)
    forgetOldest(this.#asked, ASKED_MAX)
    return lacking
  }

  /** What was waited for too long, by whom of its tellers `choose` chooses; where that is nobody, and in the end, an item is given up. */
  askAgain(now: number, choose: Choose): Question[] {
    const questions = new Map<string, Question>()
    this.#dueAt = Number.POSITIVE_INFINITY
    for (const [id, asked] of this.#asked) {
      if (now - asked.at >= PATIENCE_MS) {
        const teller = asked.repeats < REPEATS_MAX ? choose(asked.tellers, questions) : undefined
        if (teller === undefined) {
          this.#asked.delete(id)
          continue
        }
        const question = questions.get(teller.address) ?? { peer: teller, ids: [] }
        questions.set(teller.address, question)
        if (question.ids.length < DIGEST_MAX_ENTRIES) {
          question.ids.push(id)
          asked.repeats += 1
        }
        asked.at = now
        asked.tellers = [...asked.tellers.filter((other) => other !== teller), teller]
      }
      this.#dueAt = Math.min(this.#dueAt, asked.at + PATIENCE_MS)
    }
    return [...questions.values()]
  }

  /** The clock was set back: what is waited for comes no later for it. */
  setBack(byMs: number): void {
    for (const asked of this.#asked.values()) asked.at -= byMs
    this.#dueAt -= byMs
  }
}
