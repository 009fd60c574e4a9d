import type { Policy } from '../../core/policy.ts'

/** Contributions about others' work that one peer may bring unasked within a round. */
const EVIDENCE_MAX_PER_PEER = 1_000
/** What may go wrong with one peer in a round before it is asked no more: an `absent` counts once, what cost time ten times. */
const ERROR_BUDGET = 50
const COSTLY = 10

/** Requests that a round may still make. */
export interface Requests {
  made: number
  readonly most: number
}

/** What a round of background sync may still spend, in all and on each peer, by its address. */
export class RoundBudget {
  readonly requests: Requests
  readonly #evidence = new Map<string, number>()
  readonly #errorCost = new Map<string, number>()
  #bytesLeft: number

  constructor({
    maxRequestsPerRound,
    maxBytesPerRound,
  }: Pick<Policy, 'maxRequestsPerRound' | 'maxBytesPerRound'>) {
    this.requests = { made: 0, most: maxRequestsPerRound }
    this.#bytesLeft = maxBytesPerRound
  }

  get bytesLeft(): number {
    return this.#bytesLeft
  }

  get isSpent(): boolean {
    return this.requests.made >= this.requests.most || this.#bytesLeft === 0
  }

  moved(bytes: number): void {
    this.#bytesLeft = Math.max(0, this.#bytesLeft - bytes)
  }

  /** Whether one more contribution about another's work may be taken from this peer. */
  tryTakeEvidence(address: string): boolean {
    const taken = (this.#evidence.get(address) ?? 0) + 1
    if (taken <= EVIDENCE_MAX_PER_PEER) this.#evidence.set(address, taken)
    return taken <= EVIDENCE_MAX_PER_PEER
  }

  /** This peer was asked in vain. */
  chargeFailure(address: string, code: string): void {
    const cost = code === 'absent' || code === 'gone' ? 1 : COSTLY
    this.#errorCost.set(address, (this.#errorCost.get(address) ?? 0) + cost)
  }

  /** Whether this peer may still be asked in this round. */
  withinErrorBudget(address: string): boolean {
    return (this.#errorCost.get(address) ?? 0) < ERROR_BUDGET
  }
}
