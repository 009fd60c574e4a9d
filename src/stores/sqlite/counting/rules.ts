import { type KeyId, keyIdFromBytes, keyIdToBytes } from '../../../core/identity/ed25519.ts'
import type { AdmissionMode } from '../../../core/peers/admission.ts'
import {
  type Aliases,
  type Counting,
  EVERYBODY,
  type KeyStanding,
  weightOf,
} from '../../../core/peers/counting.ts'
import type { NewCounting } from '../../../ports/origin-store.ts'
import type { Connection } from '../database/connection.ts'

interface Row {
  readonly admission: AdmissionMode
  readonly version: number
}

interface KeyRow {
  readonly key: Uint8Array
  readonly standing: KeyStanding
}

interface AliasRow {
  readonly former: Uint8Array
  readonly present: Uint8Array
}

/** Whether two maps, of which either may be missing, say the same. */
export const isSameMap = <K, V>(
  one: ReadonlyMap<K, V> = new Map(),
  other: ReadonlyMap<K, V> = new Map(),
): boolean => one.size === other.size && [...one].every(([key, value]) => other.get(key) === value)

/** Whose word counts, as it was read. */
export interface KnownCounting extends Counting {
  readonly version: number
  /** Whether any key is blocked. Where none is, most keys need not be looked up. */
  readonly hasBlocked: boolean
}

/** The tables `counting`, `key_standing` and `key_alias`: whose word counts. */
export class CountingRules {
  readonly #connection: Connection
  #known: KnownCounting | undefined

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** As they are now. Only a change is read from all rows. */
  current(): KnownCounting {
    const { admission, version } = this.#row()
    if (this.#known?.version === version) return this.#known
    const standings = this.#standings()
    const hasBlocked = standings.values().some((standing) => standing === 'blocked')
    this.#known = { version, admission, standings, aliases: this.#aliases(), hasBlocked }
    return this.#known
  }

  /** Replaces them. Whether what was stored before may be judged otherwise now. */
  replace({ admission: chosen, standings, aliases }: NewCounting): boolean {
    const before = this.current()
    this.#known = undefined
    const admission = chosen ?? before.admission
    const now = new Map(standings)
    const changed = [...before.standings.keys(), ...now.keys()].filter(
      (key) => before.standings.get(key) !== now.get(key),
    )
    const isRenamed = !isSameMap(before.aliases, aliases)
    if (admission === before.admission && changed.length === 0 && !isRenamed) return false
    for (const key of new Set(changed)) this.#set(key, now.get(key))
    if (isRenamed) this.#rename(aliases)
    this.#connection
      .sql('UPDATE counting SET admission = ?, version = version + 1 WHERE rowid = 1')
      .run(admission)
    const isOther = (key: KeyId) =>
      weightOf(admission, before.standings.get(key)) !== weightOf(admission, now.get(key))
    return admission !== before.admission || changed.some(isOther)
  }

  #row(): Row {
    const row = this.#connection.sql<[], Row>('SELECT admission, version FROM counting').get()
    return row ?? { admission: EVERYBODY.admission, version: 0 }
  }

  #standings(): Map<KeyId, KeyStanding> {
    const rows = this.#connection.sql<[], KeyRow>('SELECT key, standing FROM key_standing').all()
    return new Map(rows.map(({ key, standing }) => [keyIdFromBytes(key), standing]))
  }

  #aliases(): Map<KeyId, KeyId> {
    const rows = this.#connection.sql<[], AliasRow>('SELECT former, present FROM key_alias').all()
    return new Map(
      rows.map(({ former, present }) => [keyIdFromBytes(former), keyIdFromBytes(present)]),
    )
  }

  #rename(aliases: Aliases = new Map()): void {
    this.#connection.sql('DELETE FROM key_alias').run()
    const add = this.#connection.sql('INSERT INTO key_alias (former, present) VALUES (?, ?)')
    for (const [former, present] of aliases) add.run(keyIdToBytes(former), keyIdToBytes(present))
  }

  #set(peerId: KeyId, standing: KeyStanding | undefined): void {
    const key = keyIdToBytes(peerId)
    if (standing === undefined)
      this.#connection.sql('DELETE FROM key_standing WHERE key = ?').run(key)
    else
      this.#connection
        .sql(
          `INSERT INTO key_standing (key, standing) VALUES (?, ?)
           ON CONFLICT DO UPDATE SET standing = excluded.standing`,
        )
        .run(key, standing)
  }
}
