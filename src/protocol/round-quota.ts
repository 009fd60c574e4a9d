import type { Sender } from './membership/membership.ts'
import { FAN_OUT } from './membership/partners.ts'

/** Shuffles of others that may change the view in one round; those beyond are answered only. */
const SHUFFLES_MAX = 5
/** Messages that ask again for what was offered and has not come: in all, to one address, and to who is not known to answer. */
const ASKED_AGAIN_MAX = 32
const ASKED_AGAIN_MAX_EACH = 4
const STRANGERS_ASKED_MAX = 8
/** Shuffles begun anew in one round because nobody answered the one before. */
const SHUFFLES_ANEW_MAX = 2

/** What a grove lets itself be moved to within one round, whatever others say: each question counts what it allows. */
export class RoundQuota {
  /** Addresses called. */
  readonly #called = new Set<string>()
  #callsBack = 0
  #shuffles = 0
  #shufflesAnew = 0
  #askedAgainInAll = 0
  #strangersAsked = 0
  /** How often each address was asked again. */
  readonly #askedAgain = new Map<string, number>()
  readonly #suspectsTold = new Set<string>()
  readonly #sent = new Set<string>()

  /** A new round begins. */
  beginRound(): void {
    this.#called.clear()
    this.#callsBack = 0
    this.#shuffles = 0
    this.#shufflesAnew = 0
    this.#askedAgainInAll = 0
    this.#strangersAsked = 0
    this.#askedAgain.clear()
    this.#suspectsTold.clear()
    this.#sent.clear()
  }

  noteCall(address: string): void {
    this.#called.add(address)
  }

  /** Whether one who spoke from this address may be called back there: only an answer proves it. */
  tryTakeCallback(address: string): boolean {
    return !this.#called.has(address) && ++this.#callsBack <= FAN_OUT
  }

  tryTakeShuffle(): boolean {
    return ++this.#shuffles <= SHUFFLES_MAX
  }

  tryTakeShuffleRetry(): boolean {
    return ++this.#shufflesAnew <= SHUFFLES_ANEW_MAX
  }

  tryTakeRetry({ address, proven }: Sender): boolean {
    const before = this.#askedAgain.get(address) ?? 0
    if (before >= ASKED_AGAIN_MAX_EACH || this.#askedAgainInAll >= ASKED_AGAIN_MAX) return false
    if (!proven && ++this.#strangersAsked > STRANGERS_ASKED_MAX) return false
    this.#askedAgain.set(address, before + 1)
    this.#askedAgainInAll += 1
    return true
  }

  /** Whether a suspect may be told news: once, for it is likely that nobody hears. */
  tryTakeSuspectPush(address: string): boolean {
    const isFirst = !this.#suspectsTold.has(address)
    this.#suspectsTold.add(address)
    return isFirst
  }

  /** Whether this address may be sent an item because it says that it lacks it: each once. */
  tryTakeSend(address: string, id: string): boolean {
    const what = `${address} ${id}`
    const isFirst = !this.#sent.has(what)
    this.#sent.add(what)
    return isFirst
  }
}
