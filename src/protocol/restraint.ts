import { FAN_OUT } from './partners.ts'

/** Shuffles of others that may change the view in one round; those beyond are answered only. */
const SHUFFLES_MAX = 5
/** Messages that ask again for what was offered and has not come; and those of them to whom never answered here. */
const ASKED_AGAIN_MAX = 32
const STRANGERS_ASKED_MAX = 8
/** Shuffles begun anew in one round because nobody answered the one before. */
const SHUFFLES_ANEW_MAX = 2

/** What a grove lets itself be moved to within one round, whatever others say: each question counts what it allows. */
export class Restraint {
  /** Addresses called. */
  readonly #called = new Set<string>()
  #callsBack = 0
  #shuffles = 0
  #shufflesAnew = 0
  #askedAgain = 0
  #strangersAsked = 0

  /** A new round begins. */
  begin(): void {
    this.#called.clear()
    this.#callsBack = 0
    this.#shuffles = 0
    this.#shufflesAnew = 0
    this.#askedAgain = 0
    this.#strangersAsked = 0
  }

  called(address: string): void {
    this.#called.add(address)
  }

  /** Whether one who spoke from this address may be called back there: only an answer proves it. */
  mayCallBack(address: string): boolean {
    return !this.#called.has(address) && ++this.#callsBack <= FAN_OUT
  }

  mayTakeShuffle(): boolean {
    return ++this.#shuffles <= SHUFFLES_MAX
  }

  mayShuffleAnew(): boolean {
    return ++this.#shufflesAnew <= SHUFFLES_ANEW_MAX
  }

  mayAskAgain(isStranger: boolean): boolean {
    if (isStranger && ++this.#strangersAsked > STRANGERS_ASKED_MAX) return false
    return ++this.#askedAgain <= ASKED_AGAIN_MAX
  }
}
