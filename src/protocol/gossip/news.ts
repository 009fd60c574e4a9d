import { forgetOldest } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import { DIGEST_MAX_ENTRIES } from '../../core/limits.ts'
import type { PeerAddress } from '../messages.ts'

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

/** Who offers an item, and whether that one is known to answer at its address. */
export interface Teller extends PeerAddress {
  readonly proven: boolean
}

/** An item that was asked for and has not come. */
interface Asked {
  at: number
  repeats: number
  /** Who offered it, next to be asked first. */
  tellers: Teller[]
}

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
  toAsk(ids: readonly string[], teller: Teller, now: number): string[] {
    const lacking: string[] = []
    for (const id of ids.slice(0, DIGEST_MAX_ENTRIES)) {
      if (this.#heard.has(id)) continue
      const asked = this.#asked.get(id)
      if (asked === undefined) {
        this.#asked.set(id, { at: now, repeats: 0, tellers: [teller] })
        lacking.push(id)
      } else asked.tellers = withTeller(asked.tellers, teller)
    }
    if (lacking.length > 0) this.#dueAt = Math.min(this.#dueAt, now + PATIENCE_MS)
    forgetOldest(this.#asked, ASKED_MAX)
    return lacking
  }

  /** What was waited for too long, by who is asked for it now: only whom `mayAsk` allows. In the end an item is given up. */
  askAgain(now: number, mayAsk: (teller: Teller) => boolean): Question[] {
    const questions = new Map<string, Question>()
    this.#dueAt = Number.POSITIVE_INFINITY
    for (const [id, asked] of this.#asked) {
      if (now - asked.at >= PATIENCE_MS) {
        if (asked.repeats >= REPEATS_MAX) {
          this.#asked.delete(id)
          continue
        }
        const isFull = ({ address }: Teller) => questions.get(address)?.ids.length === DIGEST_MAX_ENTRIES
        const teller = asked.tellers.find((other) => !isFull(other) && (questions.has(other.address) || mayAsk(other)))
        if (teller !== undefined) {
          const { peerId, address } = teller
          const question = questions.get(address) ?? { peer: { peerId, address }, ids: [] }
          question.ids.push(id)
          questions.set(address, question)
          asked.tellers = [...asked.tellers.filter((other) => other !== teller), teller].sort(provenFirst)
        }
        asked.repeats += 1
        asked.at = now
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

/** With one more who offers it, who comes first among his like; whoever is proven makes room for himself. */
function withTeller(tellers: readonly Teller[], teller: Teller): Teller[] {
  const others = tellers.filter(({ address }) => address !== teller.address)
  return [teller, ...others].sort(provenFirst).slice(0, TELLERS_MAX)
}

const provenFirst = (a: Teller, b: Teller): number => Number(b.proven) - Number(a.proven)
