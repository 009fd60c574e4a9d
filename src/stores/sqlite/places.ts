import { type Cid, cidToBytes } from '../../core/cid.ts'
import { type Place, rankOf, SIGNAL_METRICS, signalValues } from '../../core/frontier.ts'
import type { Signals } from '../../core/signals.ts'
import type { Session } from './session.ts'

const COUNT_PLACE = `
  INSERT INTO dimension (metric, direction, places) VALUES (?, ?, 1)
  ON CONFLICT (metric, direction) DO UPDATE SET places = places + 1 RETURNING id`

const UPDATE_PLACE = `
  UPDATE place SET rank = ? WHERE contribution = ? AND dimension = (SELECT id FROM dimension WHERE metric = ? AND direction = ?)`

/** The tables `place` and `dimension`: who stands where. */
export class Places {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  add(id: number, { cid, metric, direction, value }: Place): void {
    const dimension = this.#session.sql<[string, string], { id: number }>(COUNT_PLACE).get(metric, direction)
    if (dimension === undefined) throw new Error(`no dimension ${metric}`)
    this.#session
      .sql('INSERT INTO place (contribution, dimension, rank, cid) VALUES (?, ?, ?, ?)')
      .run(id, dimension.id, rankOf(direction, value), cidToBytes(cid))
  }

  /** Sets all places that others' evidence gives a contribution: moves them, adds them, takes them away. */
  setSignals(id: number, cid: Cid, signals: Signals): void {
    const values = new Map(signalValues(signals))
    for (const metric of SIGNAL_METRICS) {
      if (metric === '_recency') continue
      const value = values.get(metric)
      if (value === undefined) this.#remove(id, metric)
      else if (!this.#move(id, metric, value)) this.add(id, { cid, metric, direction: 'maximize', value })
    }
  }

  #move(id: number, metric: string, value: number): boolean {
    return this.#session.sql(UPDATE_PLACE).run(rankOf('maximize', value), id, metric, 'maximize').changes > 0
  }

  #remove(id: number, metric: string): void {
    const dimension = this.#session
      .sql<[string], { id: number }>(`SELECT id FROM dimension WHERE metric = ? AND direction = 'maximize'`)
      .get(metric)
    if (dimension === undefined) return
    const removed = this.#session
      .sql('DELETE FROM place WHERE contribution = ? AND dimension = ?')
      .run(id, dimension.id)
    if (removed.changes > 0)
      this.#session.sql('UPDATE dimension SET places = places - 1 WHERE id = ?').run(dimension.id)
  }
}
