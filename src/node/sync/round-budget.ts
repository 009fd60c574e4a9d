import type { ErrorCode } from '../../core/errors.ts'
import type { Policy } from '../../core/policy.ts'
import type { Credit } from '../../protocol/sync/credit.ts'

/** Items of evidence that one host may bring in one round, and their bytes in all. */
const EVIDENCE_MAX_PER_HOST = 1_000
const EVIDENCE_MAX_BYTES_PER_HOST = 4 * 1024 * 1024
/**
 * Failures of one host in a round before it is asked no more: so many for each unit of its credit,
 * and in all. An `absent` costs one, others ten.
 */
const ERRORS_PER_CREDIT = 10
const ERROR_BUDGET = 50
/** The share of announced work's requests that is for hosts that have brought what they offered. */
const PROVEN_SHARE = 1 / 2
const COSTLY = 10
const CHEAP: ReadonlySet<string> = new Set<ErrorCode>(['absent', 'gone'])

/** Requests that a round may still make. */
export interface Requests {
  made: number
  readonly most: number
}

/** What hosts have shown so far. */
export interface Standing {
  readonly hostOf: (address: string) => string
  readonly credit: Pick<Credit, 'of'>
}

/** What a round of background sync may still spend, in all and on each host. */
export class RoundBudget {
  readonly requests: Requests
  readonly #standing: Standing
  readonly #evidence = new Map<string, { readonly count: number; readonly bytes: number }>()
  readonly #errorCost = new Map<string, number>()
  #bytesLeft: number

  constructor(
    {
      maxRequestsPerRound,
      maxBytesPerRound,
    }: Pick<Policy, 'maxRequestsPerRound' | 'maxBytesPerRound'>,
    standing: Standing,
  ) {
    this.#standing = standing
    this.requests = { made: 0, most: maxRequestsPerRound }
    this.#bytesLeft = maxBytesPerRound
  }

  get bytesLeft(): number {
    return this.#bytesLeft
  }

  get isSpent(): boolean {
    return this.requests.made >= this.requests.most || this.#bytesLeft === 0
  }

  /** Whether all that hosts may cause is spent that have brought nothing yet. */
  get isSpentOnStrangers(): boolean {
    return this.requests.made >= this.requests.most * (1 - PROVEN_SHARE)
  }

  moved(bytes: number): void {
    this.#bytesLeft = Math.max(0, this.#bytesLeft - bytes)
  }

  /** Whether one more item of evidence may be taken from a peer's host; counts it if so. */
  tryTakeEvidence(address: string, sizeBytes: number): boolean {
    const host = this.#standing.hostOf(address)
    const before = this.#evidence.get(host) ?? { count: 0, bytes: 0 }
    const taken = { count: before.count + 1, bytes: before.bytes + sizeBytes }
    const fits = taken.count <= EVIDENCE_MAX_PER_HOST && taken.bytes <= EVIDENCE_MAX_BYTES_PER_HOST
    if (fits) this.#evidence.set(host, taken)
    return fits
  }

  /** A call to this peer failed: that counts against its host. */
  chargeFailure(address: string, code: string): void {
    const cost = CHEAP.has(code) ? 1 : COSTLY
    const host = this.#standing.hostOf(address)
    this.#errorCost.set(host, (this.#errorCost.get(host) ?? 0) + cost)
  }

  /** Whether peers of this one's host may still be asked in this round. */
  withinErrorBudget(address: string): boolean {
    const host = this.#standing.hostOf(address)
    const most = Math.min(ERROR_BUDGET, ERRORS_PER_CREDIT * this.#standing.credit.of(host))
    return (this.#errorCost.get(host) ?? 0) < most
  }
}
