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

const DROP_PLACE = `
  DELETE FROM place
  WHERE contribution = ? AND dimension = (
    SELECT id FROM dimension WHERE metric = ? AND direction = 'maximize' AND kind = ?)`

const UNCOUNT_PLACE = `
  UPDATE dimension SET places = places - 1
  WHERE metric = ? AND direction = 'maximize' AND kind = ?`

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

  /**
   * Sets a contribution's places in the dimensions of these signals, and takes those away in which
   * it has nothing any more.
   */
  setSignals(
    row: RankedRow,
    signals: Signals,
    touched: readonly SignalMetric[] = SIGNAL_METRICS,
  ): void {
    const values = new Map(signalValues(signals))
    for (const metric of touched) {
      const value = values.get(metric)
      if (value === undefined) this.#dropSignal(row, metric)
      else if (!this.#move(row, metric, value))
        this.add(row, { cid: row.cid, metric, direction: 'maximize', value })
    }
  }

  /** Takes all places of a contribution away. */
  dropAll({ id }: Pick<RankedRow, 'id'>): void {
    const dimensions = this.#connection
      .sql<[number], number>('SELECT dimension FROM place WHERE contribution = ?')
      .pluck()
      .all(id)
    this.#connection.sql('DELETE FROM place WHERE contribution = ?').run(id)
    for (const dimension of dimensions)
      this.#connection.sql('UPDATE dimension SET places = places - 1 WHERE id = ?').run(dimension)
  }

  #move({ id, kind }: RankedRow, metric: string, value: number): boolean {
    const rank = rankOf('maximize', value)
    return this.#connection.sql(MOVE_PLACE).run(rank, id, metric, kind).changes > 0
  }

  /** Its recency is no signal of others, and stays. */
  #dropSignal({ id, kind }: RankedRow, metric: SignalMetric): void {
    if (metric === '_recency') return
    if (this.#connection.sql(DROP_PLACE).run(id, metric, kind).changes > 0)
      this.#connection.sql(UNCOUNT_PLACE).run(metric, kind)
  }
}
