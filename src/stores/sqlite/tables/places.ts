import { type Cid, cidToBytes } from '../../../core/cid.ts'
import {
  type Place,
  rankOf,
  type SignalMetric,
  signalValues,
} from '../../../core/ranking/frontier.ts'
import type { Signals } from '../../../core/ranking/signals.ts'
import type { Connection } from '../database/connection.ts'

const COUNT_PLACE = `
  INSERT INTO dimension (metric, direction, places) VALUES (?, ?, 1)
  ON CONFLICT DO UPDATE SET places = places + 1`

const ADD_PLACE = `
  INSERT INTO place (contribution, dimension, rank, cid)
  VALUES (?, (SELECT id FROM dimension WHERE metric = ? AND direction = ?), ?, ?)`

const MOVE_PLACE = `
  UPDATE place SET rank = ?
  WHERE contribution = ? AND dimension = (SELECT id FROM dimension WHERE metric = ?)`

const REMOVE_PLACE = `
  DELETE FROM place
  WHERE contribution = ? AND dimension = (SELECT id FROM dimension WHERE metric = ?)`

const UNCOUNT_PLACE = `
  UPDATE dimension SET places = places - 1 WHERE metric = ? AND direction = 'maximize'`

/** The tables `place` (ranks by dimension) and `dimension` (how many places each has). */
export class Places {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  add(id: number, { cid, metric, direction, value }: Place): void {
    this.#connection.sql(COUNT_PLACE).run(metric, direction)
    this.#connection
      .sql(ADD_PLACE)
      .run(id, metric, direction, rankOf(direction, value), cidToBytes(cid))
  }

  /**
   * Sets a contribution's places in the dimensions that new evidence touches: each is moved, added
   * or removed.
   */
  setSignals(id: number, cid: Cid, signals: Signals, touched: readonly SignalMetric[]): void {
    const values = new Map(signalValues(signals))
    for (const metric of touched) {
      const value = values.get(metric)
      if (value === undefined) this.#remove(id, metric)
      else if (!this.#move(id, metric, value))
        this.add(id, { cid, metric, direction: 'maximize', value })
    }
  }

  #move(id: number, metric: string, value: number): boolean {
    return this.#connection.sql(MOVE_PLACE).run(rankOf('maximize', value), id, metric).changes > 0
  }

  /** Only for a mean of reviews that is no longer finite: no other signal ever disappears. */
  #remove(id: number, metric: string): void {
    if (this.#connection.sql(REMOVE_PLACE).run(id, metric).changes === 0) return
    this.#connection.sql(UNCOUNT_PLACE).run(metric)
  }
}
