import { cidToBytes } from '../../../core/cid.ts'
import type { Manifest } from '../../../core/contribution/schema.ts'
import type { Judgement } from '../../../core/peers/counting.ts'
import type { Stored } from '../../../ports/contribution-store.ts'
import { type Consequences, consequencesOf, gainsOf, tellerOf } from '../../derive.ts'
import { CountingRules, type KnownCounting } from '../counting/rules.ts'
import type { Connection } from '../database/connection.ts'
import { Contributions, type RankedRow } from '../tables/contributions.ts'
import { addEdges } from '../tables/edges.ts'
import { type OriginRow, Origins, type SignedRow, type SignerKey } from '../tables/origins.ts'
import { Replies } from '../tables/replies.ts'
import { WordIndex } from '../tables/word-index.ts'
import { Folds } from './folds.ts'
import { Recount } from './recount.ts'

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
  'uncounted',
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
  readonly #words: WordIndex
  readonly #replies: Replies
  readonly #origins: Origins
  readonly #folds: Folds
  readonly recount: Recount

  constructor(connection: Connection) {
    const rules = new CountingRules(connection)
    this.#connection = connection
    this.#contributions = new Contributions(connection)
    this.#words = new WordIndex(connection)
    this.#replies = new Replies(connection)
    this.#origins = new Origins(connection, rules)
    this.#folds = new Folds(connection)
    this.recount = new Recount({
      ...{ connection, rules },
      contributions: this.#contributions,
      origins: this.#origins,
      folds: this.#folds,
    })
  }

  /** False where the contribution was here already. */
  put(item: Stored, origins: readonly OriginRow[] = []): boolean {
    const consequences = consequencesOf(item, item.provenance.receivedAt)
    const id = this.#contributions.insert(item, consequences)
    const signed = { cid: item.cid, origins, from: item.provenance.origin }
    if (id === undefined) {
      this.#contributions.mend(item)
      this.addOrigins(signed)
      return false
    }
    this.#words.add(id, consequences)
    const counting = this.recount.counting()
    const keys = origins.length === 0 ? [] : this.#signedNew(id, signed, counting)
    const judgement = this.#fold(id, { item, consequences, keys, counting })
    const row = { id, cid: item.cid, kind: consequences.kind }
    this.#addWhatWaited(row, judgement !== 'blocked' && consequences.isRanked)
    this.#replies.add(item.cid, consequences.edges)
    if (judgement === 'counts') this.#folds.moveTargets(consequences.gains)
    this.#connection.sql('DELETE FROM stub WHERE cid = ?').run(cidToBytes(item.cid))
    return true
  }

  /** The keys that are kept of those that have signed a new contribution. */
  #signedNew(id: number, signed: SignedRow, counting: KnownCounting): readonly SignerKey[] {
    const all: SignerKey[] = []
    this.#origins.add(id, signed, (key) => {
      const refused = this.recount.refused(key, counting)
      all.push({ key, refused })
      return refused
    })
    return all.length === 1 ? all : this.#origins.keysAt(id)
  }

  /** Writes what follows from contributions that came before their target. */
  #addWhatWaited(row: RankedRow, isRanked: boolean): void {
    const totals = this.#folds.totals.of(row.cid)
    if (totals === undefined) return
    if (isRanked) this.#folds.rankSignals(row)
    if (totals.replies > 0) this.#replies.addAnswersTo(row.cid)
  }

  /** Adds origins of a contribution that is here. False where nothing has changed. */
  addOrigins(signed: SignedRow): boolean {
    const found = this.#contributions.find(signed.cid)
    const bytes = found && this.#contributions.bytes(signed.cid)
    if (found === undefined || bytes === undefined || signed.origins.length === 0) return false
    const { hasNew, cut } = this.#origins.add(found.id, signed)
    const gone = cut.filter(({ refused }) => refused === 0).map(({ key }) => key)
    if (gone.length > 0) {
      const manifest = JSON.parse(Buffer.from(bytes).toString()) as Manifest
      const item = { cid: signed.cid, bytes, manifest, attestations: [] }
      this.#folds.unsign(gainsOf(item, Date.parse(manifest.createdAt)), gone)
    }
    if (hasNew || cut.length > 0) this.recount.settle(found.id)
    return hasNew
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
      const counting = this.recount.counting()
      const keys = this.#origins.keysAt(seq).map(({ key, refused }) => {
        const now = this.recount.refused(key, counting)
        if (now !== refused) this.#origins.setRefused(seq, key, now)
        return { key, refused: now }
      })
      this.#fold(seq, { item: stored, consequences, keys, counting })
    }
    for (const { row } of inPages((after) => this.#contributions.rankedSince(after, PAGE)))
      this.#folds.rankSignals(row)
  }

  /** Writes what follows from a contribution for itself and for its targets' totals. */
  #fold(id: number, { item, consequences, keys, counting }: Folded): Judgement {
    const { cid } = item
    const { kind, gains, edges } = consequences
    const judgement = this.recount.judgementOf(id, keys, counting)
    const accepted = keys.filter(({ refused }) => refused === 0).map(({ key }) => key)
    this.#folds.sign(gains, accepted)
    if (judgement !== 'counts') this.recount.judged.set(id, judgement)
    if (judgement === 'blocked') this.#contributions.setRanked(id, { kind, isRanked: false })
    else this.#folds.rank({ id, cid, kind }, item, consequences)
    addEdges(this.#connection, edges, { seq: id, host: tellerOf(item.provenance) })
    this.#folds.totals.add(consequences, judgement === 'counts')
    return judgement
  }
}

/** A contribution that is to be folded, and who has signed it. */
interface Folded {
  readonly item: Stored
  readonly consequences: Consequences
  readonly keys: readonly SignerKey[]
  readonly counting: KnownCounting
}

/** All entries, page by page, so that rows can be written in between. */
function* inPages<T extends { readonly seq: number }>(
  pageAfter: (seq: number) => readonly T[],
): Generator<T> {
  for (let page = pageAfter(0); page.length > 0; page = pageAfter(page.at(-1)?.seq ?? 0))
    yield* page
}
