import type { Judgement } from '../../../core/peers/counting.ts'
import type { Connection } from '../database/connection.ts'

/** The table `uncounted`: what the folds leave out, by row number. */
export class Judged {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** How a contribution was folded. */
  of(id: number): Judgement {
    const row = this.#connection
      .sql<[number], { blocked: number }>('SELECT blocked FROM uncounted WHERE contribution = ?')
      .get(id)
    return judgementIn(row?.blocked)
  }

  /** How those of a stretch were folded that don't count. */
  between(after: number, to: number): Map<number, Judgement> {
    const rows = this.#connection
      .sql<[number, number], { contribution: number; blocked: number }>(
        'SELECT contribution, blocked FROM uncounted WHERE contribution > ? AND contribution <= ?',
      )
      .all(after, to)
    return new Map(rows.map(({ contribution, blocked }) => [contribution, judgementIn(blocked)]))
  }

  set(id: number, judgement: Judgement): void {
    if (judgement === 'counts')
      this.#connection.sql('DELETE FROM uncounted WHERE contribution = ?').run(id)
    else
      this.#connection
        .sql(
          `INSERT INTO uncounted (contribution, blocked) VALUES (?, ?)
           ON CONFLICT DO UPDATE SET blocked = excluded.blocked`,
        )
        .run(id, judgement === 'blocked' ? 1 : 0)
  }
}

const judgementIn = (blocked: number | undefined): Judgement =>
  blocked === undefined ? 'counts' : blocked === 1 ? 'blocked' : 'uncounted'

/** A stretch of the log that is to be judged again: after one number, up to another. */
export interface Stretch {
  readonly after: number
  readonly until: number
}

/** The table `recount`: how far a recount has come; undefined where none is under way. */
export function recountUnderWay(connection: Connection): Stretch | undefined {
  return connection.sql<[], Stretch>('SELECT after, until FROM recount').get()
}

/** Notes how far it has come; a whole one is noted no longer. */
export function noteRecount(connection: Connection, { after, until }: Stretch): void {
  connection.sql('DELETE FROM recount').run()
  if (after < until)
    connection.sql('INSERT INTO recount (after, until) VALUES (?, ?)').run(after, until)
}
