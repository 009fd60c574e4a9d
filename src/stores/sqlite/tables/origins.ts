import { type Cid, cidFromBytes } from '../../../core/cid.ts'
import { type KeyId, keyIdFromBytes, keyIdToBytes } from '../../../core/identity/ed25519.ts'
import { siblingsIn } from '../../../core/identity/merkle.ts'
import {
  type KeptKeys,
  ORIGINS_MAX,
  type Origin,
  originsKept,
} from '../../../core/identity/origin.ts'
import { isListed } from '../../../core/peers/counting.ts'
import { type Provenance, SINCE_MAX_BYTES } from '../../../ports/contribution-store.ts'
import type { KeptOrigins, UnsignedPage } from '../../../ports/origin-store.ts'
import type { CountingRules } from '../counting/rules.ts'
import type { Connection } from '../database/connection.ts'

interface Row {
  readonly key: Uint8Array
  readonly at_ms: number
  readonly signature: Uint8Array
  /** Null where the signature covers nothing else, as are the next two. */
  readonly place: number | null
  readonly leaves: number | null
  readonly path: Uint8Array | null
}

/** An origin as a row has it, which is sent to the writer's thread. */
export interface OriginRow {
  readonly atMs: number
  readonly place: number | null
  readonly leaves: number | null
  /**
   * The key, the signature and the path, one after the other, in a buffer of their own: a view
   * would drag its whole buffer along, and each array costs its own copying.
   */
  readonly bytes: Uint8Array
}

const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const HASH_BYTES = 32
/** Where the path begins. */
const PATH_AT = KEY_BYTES + SIGNATURE_BYTES

/** Origins of a contribution: this grove's own (`local`), or others'. */
export interface SignedRow {
  readonly cid: Cid
  readonly origins: readonly OriginRow[]
  readonly from: Provenance['origin']
}

const ADD = `
  INSERT INTO origin (contribution, key, at_ms, signature, place, leaves, path, refused)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
const ORIGIN_KEYS = 'SELECT contribution AS id, key, refused FROM origin'
const OF = `
  SELECT key, at_ms, signature, place, leaves, path FROM origin WHERE contribution = ?`
const UNSIGNED = `
  SELECT c.id AS id, c.cid AS cid, length(c.manifest) AS size,
    c.own = 1 AND NOT EXISTS (
      SELECT 1 FROM origin o JOIN own_key k ON k.key = o.key WHERE o.contribution = c.id
    ) AS unsigned
  FROM contribution c WHERE c.id > ? ORDER BY c.id`

interface UnsignedRow {
  readonly id: number
  readonly cid: Uint8Array
  readonly size: number
  readonly unsigned: number
}

/** The row of an origin. */
export function rowOfOrigin({ peerId, at, signature, path }: Origin): OriginRow {
  const siblings = path?.siblings ?? []
  const bytes = new Uint8Array(PATH_AT + siblings.length * HASH_BYTES)
  bytes.set(keyIdToBytes(peerId))
  bytes.set(Buffer.from(signature, 'base64url'), KEY_BYTES)
  for (const [n, sibling] of siblings.entries()) bytes.set(sibling, PATH_AT + n * HASH_BYTES)
  return { atMs: at, place: path?.index ?? null, leaves: path?.count ?? null, bytes }
}

const keyOf = ({ bytes }: OriginRow): Uint8Array => bytes.subarray(0, KEY_BYTES)

/** A key that has signed a contribution, and whether the folds leave it out. */
export interface SignerKey {
  readonly key: Uint8Array
  readonly refused: 0 | 1
}

interface KeyRow extends SignerKey {
  readonly id: number
}

/** What adding origins has changed. */
interface AddedOrigins {
  readonly hasNew: boolean
  /** Those that had to go. */
  readonly cut: readonly SignerKey[]
}

/** The tables `origin`, by the row numbers of contributions, and `own_key`. */
export class Origins {
  readonly #connection: Connection
  readonly #rules: CountingRules
  /** That is written already in this transaction. */
  #ownKey: Uint8Array | undefined
  readonly #keys: KeptKeys = {
    isListed: (peerId) => this.#isListed(peerId),
    isBlocked: (peerId) => this.#rules.current().standings.get(peerId) === 'blocked',
  }

  constructor(connection: Connection, rules: CountingRules) {
    this.#connection = connection
    this.#rules = rules
  }

  /** A transaction begins: what was written in one before may have been taken back. */
  begin(): void {
    this.#ownKey = undefined
  }

  /**
   * Adds origins of the contribution of a row. Of a new one `refused` says which the folds leave
   * out; of what is folded already it is all, until `setRefused` says otherwise.
   */
  add(
    id: number,
    { cid, origins, from }: SignedRow,
    refused?: (key: Uint8Array) => 0 | 1,
  ): AddedOrigins {
    if (from === 'local') for (const origin of origins) this.#noteOwn(keyOf(origin))
    const added = origins.map(keyOf).filter((key, n) => {
      const origin = origins[n]
      return origin !== undefined && this.#insert(id, origin, refused?.(key) ?? 1)
    })
    if (added.length === 0) return { hasNew: false, cut: [] }
    const isShort = refused !== undefined && added.length <= ORIGINS_MAX
    const cut = isShort ? [] : this.#cut(id, cid)
    if (cut.length === 0) return { hasNew: true, cut }
    const wasCut = new Set(cut.map(({ key }) => keyIdFromBytes(key)))
    return { hasNew: added.some((key) => !wasCut.has(keyIdFromBytes(key))), cut }
  }

  /** Says whether the folds leave a key's origin of a row out. */
  setRefused(id: number, key: Uint8Array, refused: 0 | 1): void {
    this.#connection
      .sql('UPDATE origin SET refused = ? WHERE contribution = ? AND key = ?')
      .run(refused, id, key)
  }

  /** The keys that have signed the contribution of a row. */
  keysAt(id: number): SignerKey[] {
    return this.#connection.sql<[number], KeyRow>(`${ORIGIN_KEYS} WHERE contribution = ?`).all(id)
  }

  /** The same of a stretch of rows, by their numbers. */
  keysBetween(after: number, to: number): Map<number, SignerKey[]> {
    const rows = this.#connection
      .sql<[number, number], KeyRow>(`${ORIGIN_KEYS} WHERE contribution > ? AND contribution <= ?`)
      .all(after, to)
    return Map.groupBy(rows, ({ id }) => id)
  }

  /** The origins of the contribution of a row, the foremost first. */
  at(id: number, cid: Cid): Origin[] {
    const rows = this.#connection.sql<[number], Row>(OF).all(id)
    const origins = rows.map(originOfRow)
    return originsKept(cid, origins, this.#keys)
  }

  unsigned(after: number, limit: number): UnsignedPage {
    const cids: Cid[] = []
    let [to, bytes, looked]: [number | undefined, number, number] = [undefined, 0, 0]
    // What a row has behind its manifest takes as long to reach as that is long.
    for (const row of this.#connection.sql<[number], UnsignedRow>(UNSIGNED).iterate(after)) {
      if (row.unsigned === 1) cids.push(cidFromBytes(row.cid))
      to = row.id
      bytes += row.size
      looked += 1
      if (looked >= limit || bytes >= SINCE_MAX_BYTES) break
    }
    return { cids, to }
  }

  /** Whether there was none of that key. */
  #insert(id: number, { atMs, place, leaves, bytes }: OriginRow, refused: 0 | 1): boolean {
    const key = bytes.subarray(0, KEY_BYTES)
    const signature = bytes.subarray(KEY_BYTES, PATH_AT)
    const path = place === null ? null : bytes.subarray(PATH_AT)
    const { changes } = this.#connection
      .sql(ADD)
      .run(id, key, atMs, signature, place, leaves, path, refused)
    return changes > 0
  }

  /** Deletes what is not to be kept, and gives the keys of that. */
  #cut(id: number, cid: Cid): SignerKey[] {
    const keys = this.keysAt(id)
    if (keys.length <= ORIGINS_MAX) return []
    const all = keys.map((row) => ({ row, peerId: keyIdFromBytes(row.key) }))
    const kept = new Set(originsKept(cid, all, this.#keys))
    const cut = all.filter((one) => !kept.has(one)).map(({ row }) => row)
    for (const { key } of cut)
      this.#connection.sql('DELETE FROM origin WHERE contribution = ? AND key = ?').run(id, key)
    return cut
  }

  /** Each publish has the same key: it is written once in a transaction. */
  #noteOwn(key: Uint8Array): void {
    if (this.#ownKey !== undefined && Buffer.compare(this.#ownKey, key) === 0) return
    this.#ownKey = key
    this.#connection.sql('INSERT INTO own_key (key) VALUES (?) ON CONFLICT DO NOTHING').run(key)
  }

  /** Whether the origins of a key are kept whatever else comes. */
  #isListed(peerId: KeyId): boolean {
    if (isListed(this.#rules.current().standings.get(peerId))) return true
    const row = this.#connection.sql<[Uint8Array]>('SELECT 1 FROM own_key WHERE key = ?')
    return row.get(keyIdToBytes(peerId)) !== undefined
  }
}

/** Of those of these that are held and have origins. `find` gives the row number of each. */
export function originsOf(
  origins: Origins,
  cids: readonly Cid[],
  find: (cid: Cid) => number | undefined,
): KeptOrigins[] {
  return cids.flatMap((cid) => {
    const id = find(cid)
    const kept = id === undefined ? [] : origins.at(id, cid)
    return kept.length === 0 ? [] : [[cid, kept] as const]
  })
}

function originOfRow({ key, at_ms: at, signature, place, leaves, path }: Row): Origin {
  const single = {
    peerId: keyIdFromBytes(key),
    at,
    signature: Buffer.from(signature).toString('base64url'),
  }
  if (place === null || leaves === null || path === null) return single
  return {
    ...single,
    path: { index: place, count: leaves, siblings: siblingsIn(new Uint8Array(path)) ?? [] },
  }
}
