import { type Cid, cidFromBytes, cidToBytes } from '../../../core/cid.ts'
import type { Edge } from '../../../core/contribution/relation.ts'
import {
  type Evidence,
  foldSignals,
  NO_SIGNALS,
  type Signals,
} from '../../../core/ranking/signals.ts'
import type { Consequences, Gain } from '../../derive.ts'
import type { Connection } from '../database/connection.ts'

interface ReviewRow {
  readonly source: Uint8Array
  readonly review_sum: number | null
  readonly review_count: number
}

const INSERT_EDGE = `
  INSERT INTO edge (target, type, source, metadata, review_sum, review_count)
  VALUES (?, ?, ?, ?, ?, ?)`

const ADD_TOTAL = `
  INSERT INTO signal_total (cid, adoption, reproduction, replies, last_reply_ms)
  VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (cid) DO UPDATE SET
    adoption = adoption + excluded.adoption,
    reproduction = reproduction + excluded.reproduction,
    replies = replies + excluded.replies,
    last_reply_ms = max(
      ifnull(last_reply_ms, excluded.last_reply_ms),
      ifnull(excluded.last_reply_ms, last_reply_ms)
    )`
const SELECT_REVIEWS = `
  SELECT source, review_sum, review_count FROM edge
  WHERE target = ? AND type = 'reviews' AND review_count > 0`

/** The tables `edge` and `signal_total`: relations by target, and the totals of each target. */
export class SignalTotals {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Adds the edges of a new contribution, and to its targets' totals what they gain. */
  add({ edges, gains }: Pick<Consequences, 'edges' | 'gains'>): void {
    const evidence = new Map(gains.map((gain) => [gain.target, gain.evidence]))
    for (const edge of edges) this.#addEdge(edge, evidence.get(edge.target))
    for (const gain of gains) this.#addTotal(gain)
  }

  signalsOf(cid: Cid): Signals {
    const row = this.#connection
      .sql<[Uint8Array], { adoption: number; reproduction: number; review_score: number | null }>(
        'SELECT adoption, reproduction, review_score FROM signal_total WHERE cid = ?',
      )
      .get(cidToBytes(cid))
    if (row === undefined) return NO_SIGNALS
    return {
      adoption: row.adoption,
      reproduction: row.reproduction,
      reviewScore: row.review_score ?? undefined,
    }
  }

  #addEdge({ source, target, type, metadata }: Edge, evidence: Evidence | undefined): void {
    const review = type === 'reviews' ? evidence : undefined
    const said = metadata === undefined ? null : JSON.stringify(metadata)
    this.#connection
      .sql(INSERT_EDGE)
      .run(
        cidToBytes(target),
        type,
        cidToBytes(source),
        said,
        review?.reviewSum ?? null,
        review?.reviewCount ?? 0,
      )
  }

  #addTotal({ target, evidence, repliedMs }: Gain): void {
    const { adoption = 0, reproduction = 0, reviewCount = 0 } = evidence ?? {}
    const replies = repliedMs === undefined ? 0 : 1
    this.#connection
      .sql(ADD_TOTAL)
      .run(cidToBytes(target), adoption, reproduction, replies, repliedMs ?? null)
    if (reviewCount > 0) this.#setReviewScore(target)
  }

  /**
   * The mean is computed from all reviews each time: the last digit of a running sum would depend
   * on the order of arrival.
   */
  #setReviewScore(target: Cid): void {
    const key = cidToBytes(target)
    const rows = this.#connection.sql<[Uint8Array], ReviewRow>(SELECT_REVIEWS).all(key)
    const { reviewScore } = foldSignals(rows.map((row) => reviewEvidence(row, target)))
    this.#connection
      .sql('UPDATE signal_total SET review_score = ? WHERE cid = ?')
      .run(reviewScore ?? null, key)
  }
}

/** SQLite stores NaN, the sum of +∞ and −∞, as NULL. */
function reviewEvidence({ source, review_sum, review_count }: ReviewRow, target: Cid): Evidence {
  const review = { reviewSum: review_sum ?? Number.NaN, reviewCount: review_count }
  return { source: cidFromBytes(source), target, adoption: 0, reproduction: 0, ...review }
}
