import { cidToBytes } from '../../../core/cid.ts'
import type { Manifest } from '../../../core/contribution/schema.ts'
import type { Evidence } from '../../../core/ranking/signals.ts'
import type { Stored } from '../../../ports/contribution-store.ts'
import { type Consequences, consequencesOf, gainsOf, tellerOf, touchedBy } from '../../derive.ts'
import type { Connection } from '../database/connection.ts'
import { Contributions, type RankedRow } from '../tables/contributions.ts'
import { Directions } from '../tables/directions.ts'
import { addEdges } from '../tables/edges.ts'
import { type OriginRow, Origins, type SignedRow } from '../tables/origins.ts'
import { Places } from '../tables/places.ts'
import { Replies } from '../tables/replies.ts'
import { ScoreForms } from '../tables/score-forms.ts'
import { SignalTotals } from '../tables/signal-totals.ts'
import { Signers } from '../tables/signers.ts'
import { WordIndex } from '../tables/word-index.ts'

/** The tables that are written anew from all manifests. */
const DERIVED = [
  'place',
  'dimension',
  'direction',
  'direction_voice',
  'score_form',
  'edge',
  'edge_turn',
  'signal_total',
  'signer',
]
/** Rows that are read at once while all are ranked anew. */
const PAGE = 1_000

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
  readonly #directions: Directions
  readonly #forms: ScoreForms
  readonly #words: WordIndex
  readonly #replies: Replies
  readonly #origins: Origins
  readonly #signers: Signers

  constructor(connection: Connection) {
    this.#connection = connection
    this.#contributions = new Contributions(connection)
    this.#totals = new SignalTotals(connection)
    this.#places = new Places(connection)
    this.#directions = new Directions(connection)
    this.#forms = new ScoreForms(connection)
    this.#words = new WordIndex(connection)
    this.#replies = new Replies(connection)
    this.#origins = new Origins(connection)
    this.#signers = new Signers(connection)
  }

  /** False where the contribution was here already. */
  put(item: Stored, origins: readonly OriginRow[] = []): boolean {
    const consequences = consequencesOf(item, item.provenance.receivedAt)
    const id = this.#contributions.insert(item, consequences)
    if (id === undefined) this.#contributions.mend(item)
    const signed = { cid: item.cid, origins, from: item.provenance.origin }
    if (id === undefined) this.addOrigins(signed)
    if (id === undefined) return false
    this.#words.add(id, consequences)
    this.#signers.add(consequences.gains, this.#origins.add(id, signed, true).added)
    const row = { id, cid: item.cid, kind: consequences.kind }
    this.#addWhatWaited(row, consequences)
    this.#addOwn(row, item, consequences)
    this.#replies.add(item.cid, consequences.edges)
    for (const { evidence } of consequences.gains)
      if (evidence !== undefined) this.#moveTarget(evidence)
    this.#connection.sql('DELETE FROM stub WHERE cid = ?').run(cidToBytes(item.cid))
    return true
  }

  /** Adds origins of a contribution that is here. False where nothing has changed. */
  addOrigins(signed: SignedRow): boolean {
    const found = this.#contributions.find(signed.cid)
    const bytes = this.#contributions.bytes(signed.cid)
    if (found === undefined || bytes === undefined) return false
    const { added, cut } = this.#origins.add(found.id, signed)
    if (added.length === 0) return false
    const manifest = JSON.parse(Buffer.from(bytes).toString()) as Manifest
    const item = { cid: signed.cid, bytes, manifest, attestations: [] }
    const gains = gainsOf(item, Date.parse(manifest.createdAt))
    this.#signers.add(gains, added)
    this.#signers.take(gains, cut)
    return true
  }

  /**
   * Writes the tables of ranks, relations and totals anew from all manifests. O(contributions):
   * only where an older Grove derived them by other rules.
   */
  rankAll(): void {
    for (const table of DERIVED) this.#connection.sql(`DELETE FROM ${table}`).run()
    for (const { seq, stored } of inPages((after) => this.#contributions.since(after, PAGE))) {
      const consequences = consequencesOf(stored, stored.provenance.receivedAt)
      this.#contributions.setRanked(seq, consequences)
      this.#signers.add(consequences.gains, this.#origins.keysAt(seq))
      this.#addOwn({ id: seq, cid: stored.cid, kind: consequences.kind }, stored, consequences)
    }
    for (const { row } of inPages((after) => this.#contributions.rankedSince(after, PAGE)))
      this.#places.setSignals(row, this.#totals.signalsOf(row.cid))
  }

  /** Writes what follows from a contribution for itself and for its targets' totals. */
  #addOwn(row: RankedRow, item: Stored, consequences: Consequences): void {
    for (const place of consequences.places) this.#places.add(row, place)
    this.#directions.add(row.id, item, consequences)
    this.#forms.add(item, consequences)
    const by = { seq: row.id, host: tellerOf(item.provenance) }
    addEdges(this.#connection, consequences.edges, by)
    this.#totals.add(consequences)
  }

  /** Writes what follows from contributions that came before their target. */
  #addWhatWaited(row: RankedRow, { isRanked }: Pick<Consequences, 'isRanked'>): void {
    const totals = this.#totals.of(row.cid)
    if (totals === undefined) return
    if (isRanked) this.#places.setSignals(row, totals.signals)
    if (totals.replies > 0) this.#replies.addAnswersTo(row.cid)
  }

  /** Brings the target's places up to date, where it is here. */
  #moveTarget(evidence: Evidence): void {
    const target = this.#contributions.findRanked(evidence.target)
    if (target === undefined) return
    const signals = this.#totals.signalsOf(evidence.target)
    this.#places.setSignals(target, signals, touchedBy(evidence))
  }
}

/** All entries, page by page, so that rows can be written in between. */
function* inPages<T extends { readonly seq: number }>(
  pageAfter: (seq: number) => readonly T[],
): Generator<T> {
  for (let page = pageAfter(0); page.length > 0; page = pageAfter(page.at(-1)?.seq ?? 0))
    yield* page
}
