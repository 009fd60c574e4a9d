import { type Cid, cidToBytes } from '../../../core/cid.ts'
import type { Edge } from '../../../core/contribution/relation.ts'
import { sumFromText, sumToText } from '../../../core/ranking/exact-sum.ts'
import { NO_SIGNALS, reviewScoreOf, type Signals } from '../../../core/ranking/signals.ts'
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

/** What all that is held says of one contribution. */
interface Totals {
  readonly signals: Signals
  /** How many reply to it. */
  readonly replies: number
}

const INSERT_EDGE = 'INSERT INTO edge (target, type, source, metadata) VALUES (?, ?, ?, ?)'

const SELECT_TOTAL = `
  SELECT adoption, reproduction, review_sum, review_count, replies
  FROM signal_total WHERE cid = ?`

const ADD_TOTAL = `
  INSERT INTO signal_total
    (cid, adoption, reproduction, review_sum, review_count, replies, last_reply_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (cid) DO UPDATE SET
    adoption = adoption + excluded.adoption,
    reproduction = reproduction + excluded.reproduction,
    review_sum = iif(excluded.review_count > 0, excluded.review_sum, review_sum),
    review_count = review_count + excluded.review_count,
    replies = replies + excluded.replies,
    last_reply_ms = max(
      ifnull(last_reply_ms, excluded.last_reply_ms),
      ifnull(excluded.last_reply_ms, last_reply_ms)
    )`

/** The tables `edge` and `signal_total`: relations by target, and the totals of each target. */
export class SignalTotals {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Adds the edges of a new contribution, and to its targets' totals what they gain. */
  add({ edges, gains }: Pick<Consequences, 'edges' | 'gains'>): void {
    for (const edge of edges) this.#addEdge(edge)
    for (const gain of gains) this.#addTotal(gain)
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

  #totalOf(cid: Cid): TotalRow | undefined {
    return this.#connection.sql<[Uint8Array], TotalRow>(SELECT_TOTAL).get(cidToBytes(cid))
  }

  #addEdge({ source, target, type, metadata }: Edge): void {
    const said = metadata === undefined ? null : JSON.stringify(metadata)
    this.#connection.sql(INSERT_EDGE).run(cidToBytes(target), type, cidToBytes(source), said)
  }

  #addTotal({ target, evidence, repliedMs }: Gain): void {
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
      )
  }
}
