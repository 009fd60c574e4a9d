import type { ErrorCode } from '../../core/errors.ts'
import type { Policy } from '../../core/policy.ts'

/** Items of evidence that one peer may bring in one round. */
const EVIDENCE_MAX_PER_PEER = 1_000
/**
 * Failures of one peer in a round before it is asked no more. An `absent` costs one, others ten.
 */
const ERROR_BUDGET = 50
const COSTLY = 10
const CHEAP: ReadonlySet<string> = new Set<ErrorCode>(['absent', 'gone'])

/** Requests that a round may still make. */
export interface Requests {
  made: number
  readonly most: number
}

/** What a round of background sync may still spend, in all and on each peer by address. */
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

  /** Whether one more item of evidence may be taken from this peer; counts it if so. */
  tryTakeEvidence(address: string): boolean {
    const taken = (this.#evidence.get(address) ?? 0) + 1
    if (taken <= EVIDENCE_MAX_PER_PEER) this.#evidence.set(address, taken)
    return taken <= EVIDENCE_MAX_PER_PEER
  }

  /** A call to this peer failed. */
  chargeFailure(address: string, code: string): void {
    const cost = CHEAP.has(code) ? 1 : COSTLY
    this.#errorCost.set(address, (this.#errorCost.get(address) ?? 0) + cost)
  }

  /** Whether this peer may still be asked in this round. */
  withinErrorBudget(address: string): boolean {
    return (this.#errorCost.get(address) ?? 0) < ERROR_BUDGET
  }
}
