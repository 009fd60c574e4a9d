import type { Cid } from '../../core/cid.ts'
import type { SigningKey } from '../../core/identity/ed25519.ts'
import type { Origin } from '../../core/identity/origin.ts'
import type { Provenance } from '../../ports/contribution-store.ts'
import type { KeptOrigins, OriginStore, UnsignedPage } from '../../ports/origin-store.ts'
import type { Session } from './session.ts'
import { rowOfOrigin } from './tables/origins.ts'

/** Origins in SQLite: its calls as jobs and queries. */
export class SqliteOrigins implements OriginStore {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  of(cids: readonly Cid[]): Promise<KeptOrigins[]> {
    return this.#session.read({ type: 'origins', cids })
  }

  add(cid: Cid, origins: readonly Origin[], from: Provenance['origin']): Promise<boolean> {
    const rows = origins.map(rowOfOrigin)
    return this.#session.write({ type: 'add-origins', cid, origins: rows, from })
  }

  signWith(key: SigningKey): void {
    this.#session.signWith(key)
  }

  async sign(cids: readonly Cid[], at: number): Promise<void> {
    await this.#session.write({ type: 'sign', cids, at })
  }

  unsigned(after: number, limit: number): Promise<UnsignedPage> {
    return this.#session.read({ type: 'unsigned', after, limit })
  }
}
