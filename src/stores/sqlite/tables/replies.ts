import { type Cid, cidToBytes } from '../../../core/cid.ts'
import type { Edge } from '../../../core/contribution/relation.ts'
import type { Connection } from '../database/connection.ts'

/**
 * The table `reply`: the contributions that answer something held here, and so are no roots of
 * threads.
 */
export class Replies {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Notes a new contribution where it answers something held. */
  add(cid: Cid, edges: readonly Edge[]): void {
    const answers = edges.filter(({ type }) => type === 'responds_to')
    if (answers.some(({ target }) => this.#isHeld(target))) this.#insert(cidToBytes(cid))
  }

  /** Notes what answers a new contribution and was here before it. */
  addAnswersTo(cid: Cid): void {
    for (const { source } of this.#answersTo(cid)) this.#insert(source)
  }

  #isHeld(cid: Cid): boolean {
    return (
      this.#connection
        .sql<[Uint8Array]>('SELECT 1 FROM contribution WHERE cid = ?')
        .get(cidToBytes(cid)) !== undefined
    )
  }

  #answersTo(cid: Cid): { source: Uint8Array }[] {
    return this.#connection
      .sql<[Uint8Array], { source: Uint8Array }>(
        "SELECT source FROM edge WHERE target = ? AND type = 'responds_to'",
      )
      .all(cidToBytes(cid))
  }

  #insert(cid: Uint8Array): void {
    this.#connection.sql('INSERT INTO reply (cid) VALUES (?) ON CONFLICT DO NOTHING').run(cid)
  }
}
