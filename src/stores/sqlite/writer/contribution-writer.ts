import { cidToBytes } from '../../../core/cid.ts'
import type { Contribution } from '../../../core/contribution/contribution.ts'
import { ownPlaces, type SignalMetric, signalPlaces } from '../../../core/ranking/frontier.ts'
import type { Evidence } from '../../../core/ranking/signals.ts'
import type { Provenance } from '../../../ports/contribution-store.ts'
import { facetsOfManifest } from '../../filter.ts'
import { wordsOfManifest } from '../../words.ts'
import type { Connection } from '../database/connection.ts'
import { Contributions } from '../tables/contributions.ts'
import { Places } from '../tables/places.ts'
import { SignalTotals } from '../tables/signal-totals.ts'

/** Writes a contribution and all that follows from it. Runs inside a transaction: all of it is there afterwards or none. */
export class ContributionWriter {
  readonly #connection: Connection
  readonly #contributions: Contributions
  readonly #totals: SignalTotals
  readonly #places: Places

  constructor(connection: Connection) {
    this.#connection = connection
    this.#contributions = new Contributions(connection)
    this.#totals = new SignalTotals(connection)
    this.#places = new Places(connection)
  }

  /** False where it was here already. */
  put(contribution: Contribution, provenance: Provenance): boolean {
    const { cid, manifest } = contribution
    const createdMs = Date.parse(manifest.createdAt)
    const id = this.#contributions.insert(contribution, createdMs, provenance)
    if (id === undefined) return false
    this.#connection
      .sql('INSERT INTO word (rowid, words, facets) VALUES (?, ?, ?)')
      .run(id, wordsOfManifest(manifest).join(' '), facetsOfManifest(manifest).join(' '))
    for (const place of ownPlaces(contribution, provenance.receivedAt)) this.#places.add(id, place)
    for (const place of signalPlaces(contribution, this.#totals.signalsOf(cid)))
      this.#places.add(id, place)
    this.#countFor(contribution, createdMs)
    this.#connection.sql('DELETE FROM stub WHERE cid = ?').run(cidToBytes(cid))
    return true
  }

  #countFor(contribution: Contribution, createdMs: number): void {
    for (const evidence of this.#totals.add(contribution, createdMs)) {
      const target = this.#contributions.find(evidence.target)
      if (target?.ranked !== 1) continue
      const signals = this.#totals.signalsOf(evidence.target)
      this.#places.setSignals(target.id, evidence.target, signals, touchedBy(evidence))
    }
  }
}

function touchedBy({ adoption, reproduction, reviewCount }: Evidence): SignalMetric[] {
  const touched: SignalMetric[] = []
  if (adoption > 0) touched.push('_adoption')
  if (reviewCount > 0) touched.push('_review_score')
  if (reproduction > 0) touched.push('_reproduction')
  return touched
}
