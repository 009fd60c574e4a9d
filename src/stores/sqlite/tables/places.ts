import { cidToBytes } from '../../../core/cid.ts'
import {
  type Place,
  rankOf,
  SIGNAL_METRICS,
  type SignalMetric,
  signalValues,
} from '../../../core/ranking/frontier.ts'
import type { Signals } from '../../../core/ranking/signals.ts'
import type { Connection } from '../database/connection.ts'
import type { RankedRow } from './contributions.ts'

const COUNT_PLACE = `
  INSERT INTO dimension (metric, direction, kind, places) VALUES (?, ?, ?, 1)
  ON CONFLICT DO UPDATE SET places = places + 1`

const ADD_PLACE = `
  INSERT INTO place (contribution, dimension, rank, cid)
  VALUES (?, (SELECT id FROM dimension WHERE metric = ? AND direction = ? AND kind = ?), ?, ?)`

const MOVE_PLACE = `
  UPDATE place SET rank = ?
  WHERE contribution = ? AND dimension = (
    SELECT id FROM dimension WHERE metric = ? AND direction = 'maximize' AND kind = ?)`

/** The tables `place` (ranks by dimension) and `dimension` (how many each has). */
export class Places {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  add({ id, kind }: RankedRow, { cid, metric, direction, value }: Place): void {
    const dimension = [metric, direction, kind] as const
    this.#connection.sql(COUNT_PLACE).run(...dimension)
    this.#connection.sql(ADD_PLACE).run(id, ...dimension, rankOf(direction, value), cidToBytes(cid))
  }

  /** Sets a contribution's places in the dimensions that new evidence touches; else in all. */
  setSignals(
    row: RankedRow,
    signals: Signals,
    touched: readonly SignalMetric[] = SIGNAL_METRICS,
  ): void {
    for (const [metric, value] of signalValues(signals)) {
      if (!touched.includes(metric) || this.#move(row, metric, value)) continue
      this.add(row, { cid: row.cid, metric, direction: 'maximize', value })
    }
  }

  #move({ id, kind }: RankedRow, metric: string, value: number): boolean {
    const rank = rankOf('maximize', value)
    return this.#connection.sql(MOVE_PLACE).run(rank, id, metric, kind).changes > 0
  }
}
