import { cidToBytes } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution.ts'
import { isRanked, ownPlaces } from '../../core/frontier.ts'
import type { Provenance } from '../../ports/graph-store.ts'
import { facetsOfManifest } from '../filter.ts'
import { wordsOfManifest } from '../words.ts'
import type { Contributions } from './contributions.ts'
import { Places } from './places.ts'
import type { Session } from './session.ts'
import type { Standings } from './standing.ts'

/** Writes a contribution and all that follows from it. Runs inside a transaction: all of it is there afterwards or none. */
export class Writer {
  readonly #session: Session
  readonly #contributions: Contributions
  readonly #standings: Standings
  readonly #places: Places

  constructor(session: Session, contributions: Contributions, standings: Standings) {
    this.#session = session
    this.#contributions = contributions
    this.#standings = standings
    this.#places = new Places(session)
  }

  put(contribution: Contribution, provenance: Provenance): 'added' | 'present' {
    const createdMs = Date.parse(contribution.manifest.createdAt)
    const id = this.#contributions.insert(contribution, createdMs, provenance)
    if (id === undefined) return 'present'
    this.#index(id, contribution, createdMs)
    for (const place of ownPlaces(contribution, provenance.receivedAt)) this.#places.add(id, place)
    if (isRanked(contribution))
      this.#places.setSignals(id, contribution.cid, this.#standings.signalsOf(contribution.cid))
    this.#countFor(contribution, createdMs)
    this.#session.sql('DELETE FROM stub WHERE cid = ?').run(cidToBytes(contribution.cid))
    return 'added'
  }

  #index(id: number, { manifest }: Contribution, createdMs: number): void {
    const insert = this.#session.sql('INSERT INTO facet (facet, created_ms, contribution) VALUES (?, ?, ?)')
    for (const facet of facetsOfManifest(manifest)) insert.run(facet, createdMs, id)
    this.#session.sql('INSERT INTO word (rowid, words) VALUES (?, ?)').run(id, wordsOfManifest(manifest).join(' '))
  }

  #countFor(contribution: Contribution, createdMs: number): void {
    for (const target of this.#standings.add(contribution, createdMs)) {
      const found = this.#contributions.find(target)
      if (found?.ranked === 1) this.#places.setSignals(found.id, target, this.#standings.signalsOf(target))
    }
  }
}
