import { cidFromBytes, cidToBytes } from '../../../core/cid.ts'
import type { Direction } from '../../../core/contribution/schema.ts'
import type { Stored } from '../../../ports/contribution-store.ts'
import type { FormCount } from '../../../ports/graph-index.ts'
import type { Consequences } from '../../derive.ts'
import type { Connection } from '../database/connection.ts'

const COUNT_FORM = `
  INSERT INTO score_form (metric, direction, unit, works, published, latest)
  VALUES (?, ?, ?, 1, ?, ?)
  ON CONFLICT DO UPDATE SET
    works = works + 1,
    published = published + excluded.published,
    latest = ifnull(excluded.latest, latest)`

const TAKE_FORM =
  'UPDATE score_form SET works = works - 1 WHERE metric = ? AND direction = ? AND unit = ?'
const DROP_FORM =
  'DELETE FROM score_form WHERE metric = ? AND direction = ? AND unit = ? AND works <= 0'

const SELECT_FORMS = `
  SELECT metric, direction, unit, works, published, latest FROM score_form WHERE metric = ?
  ORDER BY works DESC, direction, unit LIMIT ?`

interface FormRow {
  readonly metric: string
  readonly direction: Direction
  /** Empty where the scores have no unit. */
  readonly unit: string
  readonly works: number
  readonly published: number
  readonly latest: Uint8Array | null
}

/** The table `score_form`: in which directions and units works have scores of a metric. */
export class ScoreForms {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  add({ cid, provenance }: Stored, { forms }: Pick<Consequences, 'forms'>): void {
    const isOurs = provenance.origin === 'local'
    for (const { metric, direction, unit = '' } of forms) {
      const latest = isOurs ? cidToBytes(cid) : null
      this.#connection.sql(COUNT_FORM).run(metric, direction, unit, isOurs ? 1 : 0, latest)
    }
  }

  /** Takes those of a contribution away that somebody else published. */
  take({ forms }: Pick<Consequences, 'forms'>): void {
    for (const { metric, direction, unit = '' } of forms)
      for (const text of [TAKE_FORM, DROP_FORM])
        this.#connection.sql(text).run(metric, direction, unit)
  }

  /** The forms of one metric, the most used first. */
  of(metric: string, limit: number): FormCount[] {
    return this.#connection
      .sql<[string, number], FormRow>(SELECT_FORMS)
      .all(metric, limit)
      .map(({ unit, latest, ...row }) => ({
        ...row,
        unit: unit === '' ? undefined : unit,
        latest: latest === null ? undefined : cidFromBytes(latest),
      }))
  }
}
