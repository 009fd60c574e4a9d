import { type Cid, cidToBytes } from '../../../core/cid.ts'
import { sumFromText, sumToText } from '../../../core/ranking/exact-sum.ts'
import {
  type Evidence,
  NO_SIGNALS,
  reviewScoreOf,
  type Signals,
} from '../../../core/ranking/signals.ts'
import type { EdgeCounts } from '../../../ports/graph-index.ts'
import type { Consequences, Gain } from '../../derive.ts'
import type { Connection } from '../database/connection.ts'

interface TotalRow {
  readonly adoption: number
  readonly reproduction: number
  /** As `sumToText` writes it. */
  readonly review_sum: string
  readonly review_count: number
  readonly replies: number
}

const NO_COUNTS: EdgeCounts = { evidence: 0, all: 0 }

/** What all that is held says of one contribution. */
interface Totals {
  readonly signals: Signals
  /** How many reply to it. */
  readonly replies: number
}

const SELECT_TOTAL = `
  SELECT adoption, reproduction, review_sum, review_count, replies
  FROM signal_total WHERE cid = ?`

const ADD_TOTAL = `
  INSERT INTO signal_total
    (cid, adoption, reproduction, review_sum, review_count, replies, last_reply_ms, evidence, edges)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (cid) DO UPDATE SET
    adoption = adoption + excluded.adoption,
    reproduction = reproduction + excluded.reproduction,
    review_sum = iif(excluded.review_count > 0, excluded.review_sum, review_sum),
    review_count = review_count + excluded.review_count,
    replies = replies + excluded.replies,
    last_reply_ms = max(
      ifnull(last_reply_ms, excluded.last_reply_ms),
      ifnull(excluded.last_reply_ms, last_reply_ms)
    ),
    evidence = evidence + excluded.evidence,
    edges = edges + excluded.edges`

const TAKE_EVIDENCE = `
  UPDATE signal_total SET
    adoption = adoption - ?,
    reproduction = reproduction - ?,
    review_sum = ?,
    review_count = review_count - ?
  WHERE cid = ?`

const SELECT_COUNTS = 'SELECT evidence, edges FROM signal_total WHERE cid = ?'

/** The table `signal_total`: what is held about each target, added up. */
export class SignalTotals {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Adds to the totals of a new contribution's targets what they gain, as far as it counts. */
  add({ gains }: Pick<Consequences, 'gains'>, counts: boolean): void {
    for (const gain of gains) this.#addTotal(counts ? gain : { ...gain, evidence: undefined })
  }

  /** Adds evidence of a contribution that is here and counts now. */
  addEvidence(evidence: Evidence): void {
    const { target } = evidence
    this.#addTotal({ target, evidence, repliedMs: undefined, counts: NO_COUNTS })
  }

  /** Takes evidence away that was added. */
  takeEvidence({ target, adoption, reproduction, reviewSum, reviewCount }: Evidence): void {
    const before = sumFromText(this.#totalOf(target)?.review_sum ?? '0p0')
    const sum = sumToText(before - reviewSum)
    this.#connection
      .sql(TAKE_EVIDENCE)
      .run(adoption, reproduction, sum, reviewCount, cidToBytes(target))
  }

  /** Undefined where no edge leads to it. */
  of(cid: Cid): Totals | undefined {
    const row = this.#totalOf(cid)
    if (row === undefined) return undefined
    const { adoption, reproduction, review_sum, review_count, replies } = row
    const reviewScore = reviewScoreOf(sumFromText(review_sum), review_count)
    return { signals: { adoption, reproduction, reviewScore }, replies }
  }

  signalsOf(cid: Cid): Signals {
    return this.of(cid)?.signals ?? NO_SIGNALS
  }

  edgeCountsOf(cid: Cid): EdgeCounts {
    const row = this.#connection
      .sql<[Uint8Array], { evidence: number; edges: number }>(SELECT_COUNTS)
      .get(cidToBytes(cid))
    return { evidence: row?.evidence ?? 0, all: row?.edges ?? 0 }
  }

  #totalOf(cid: Cid): TotalRow | undefined {
    return this.#connection.sql<[Uint8Array], TotalRow>(SELECT_TOTAL).get(cidToBytes(cid))
  }

  #addTotal({ target, evidence, repliedMs, counts }: Gain): void {
    const { adoption = 0, reproduction = 0, reviewSum = 0n, reviewCount = 0 } = evidence ?? {}
    const before = reviewCount === 0 ? undefined : this.#totalOf(target)?.review_sum
    const sum = reviewSum + (before === undefined ? 0n : sumFromText(before))
    const replies = repliedMs === undefined ? 0 : 1
    this.#connection
      .sql(ADD_TOTAL)
      .run(
        cidToBytes(target),
        adoption,
        reproduction,
        sumToText(sum),
        reviewCount,
        replies,
        repliedMs ?? null,
        counts.evidence,
        counts.all,
      )
  }
}
