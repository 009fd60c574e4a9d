import { cidToBytes } from '../../../core/cid.ts'
import { signalPlaces } from '../../../core/ranking/frontier.ts'
import type { Evidence } from '../../../core/ranking/signals.ts'
import type { Stored } from '../../../ports/contribution-store.ts'
import { consequencesOf, touchedBy } from '../../derive.ts'
import type { Connection } from '../database/connection.ts'
import { Contributions } from '../tables/contributions.ts'
import { Places } from '../tables/places.ts'
import { Replies } from '../tables/replies.ts'
import { SignalTotals } from '../tables/signal-totals.ts'
import { WordIndex } from '../tables/word-index.ts'

/**
 * Writes a contribution and all that is derived from it, inside its caller's transaction.
 *
 * Each statement writes one row by its key: a row number, a primary key, or the columns of a unique
 * index. SQLite guards other writes with a savepoint, at which the full-text index writes what it
 * has gathered: a segment for each contribution instead of one for each batch, all to be merged
 * later. Guarded are `RETURNING`, `INSERT … SELECT`, several rows of `VALUES`, `UPDATE … FROM`, and
 * an `UPDATE` not by a key; `ON CONFLICT` and `DELETE` are not.
 */
export class ContributionWriter {
  readonly #connection: Connection
  readonly #contributions: Contributions
  readonly #totals: SignalTotals
  readonly #places: Places
  readonly #words: WordIndex
  readonly #replies: Replies

  constructor(connection: Connection) {
    this.#connection = connection
    this.#contributions = new Contributions(connection)
    this.#totals = new SignalTotals(connection)
    this.#places = new Places(connection)
    this.#words = new WordIndex(connection)
    this.#replies = new Replies(connection)
  }

  /** False where the contribution was here already. */
  put(item: Stored): boolean {
    const known = this.#contributions.find(item.cid)
    if (known !== undefined) this.#contributions.mend(known.id, item.bytes)
    if (known !== undefined) return false
    const consequences = consequencesOf(item, item.provenance.receivedAt)
    const { words, facets, places } = consequences
    const id = this.#contributions.insert(item, consequences)
    this.#words.add(id, { words, facets })
    for (const place of places) this.#places.add(id, place)
    for (const place of signalPlaces(item, this.#totals.signalsOf(item.cid)))
      this.#places.add(id, place)
    this.#totals.add(consequences)
    this.#replies.add(item.cid, consequences.edges)
    for (const { evidence } of consequences.gains)
      if (evidence !== undefined) this.#moveTarget(evidence)
    this.#connection.sql('DELETE FROM stub WHERE cid = ?').run(cidToBytes(item.cid))
    return true
  }

  /** Brings the target's places up to date, where it is here. */
  #moveTarget(evidence: Evidence): void {
    const target = this.#contributions.find(evidence.target)
    if (target?.ranked !== 1) return
    const signals = this.#totals.signalsOf(evidence.target)
    this.#places.setSignals(target.id, evidence.target, signals, touchedBy(evidence))
  }
}
