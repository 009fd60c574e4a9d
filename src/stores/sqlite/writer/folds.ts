import type { Stored } from '../../../ports/contribution-store.ts'
import { type Consequences, type Gain, touchedBy } from '../../derive.ts'
import type { Connection } from '../database/connection.ts'
import { Contributions, type RankedRow } from '../tables/contributions.ts'
import { Directions } from '../tables/directions.ts'
import { Places } from '../tables/places.ts'
import { ScoreForms } from '../tables/score-forms.ts'
import { SignalTotals } from '../tables/signal-totals.ts'
import { Signers } from '../tables/signers.ts'

/** The rankings and signals that a contribution moves, in both directions. */
export class Folds {
  readonly totals: SignalTotals
  readonly #contributions: Contributions
  readonly #places: Places
  readonly #directions: Directions
  readonly #forms: ScoreForms
  readonly #signers: Signers

  constructor(connection: Connection) {
    this.totals = new SignalTotals(connection)
    this.#contributions = new Contributions(connection)
    this.#places = new Places(connection)
    this.#directions = new Directions(connection)
    this.#forms = new ScoreForms(connection)
    this.#signers = new Signers(connection)
  }

  /** A contribution takes the places of its own word. */
  rank(row: RankedRow, item: Stored, consequences: Consequences): void {
    for (const place of consequences.places) this.#places.add(row, place)
    this.#directions.add(row.id, item, consequences)
    this.#forms.add(item, consequences)
  }

  /** It loses them, and those of its signals: it was published by somebody else. */
  unrank(row: RankedRow, item: Stored, consequences: Consequences): void {
    this.#places.dropAll(row)
    this.#directions.take(row.id, item, consequences)
    this.#forms.take(consequences)
  }

  /** A ranked contribution takes the places that its signals give it. */
  rankSignals(row: RankedRow): void {
    this.#places.setSignals(row, this.totals.signalsOf(row.cid))
  }

  /** What is here already counts from now on, or no longer. */
  count(gains: readonly Gain[], counts: boolean): void {
    for (const { evidence } of gains) {
      if (evidence === undefined) continue
      if (counts) this.totals.addEvidence(evidence)
      else this.totals.takeEvidence(evidence)
    }
    this.moveTargets(gains)
  }

  /** Brings the places of targets up to date that are here and ranked. */
  moveTargets(gains: readonly Gain[]): void {
    for (const { evidence } of gains) {
      const target = evidence && this.#contributions.findRanked(evidence.target)
      if (evidence === undefined || target === undefined) continue
      const signals = this.totals.signalsOf(evidence.target)
      this.#places.setSignals(target, signals, touchedBy(evidence))
    }
  }

  /** Accepted keys have signed what gives these gains. */
  sign(gains: readonly Gain[], keys: readonly Uint8Array[]): void {
    this.#signers.add(gains, keys)
  }

  /** These no longer stand behind it. */
  unsign(gains: readonly Gain[], keys: readonly Uint8Array[]): void {
    this.#signers.take(gains, keys)
  }
}
