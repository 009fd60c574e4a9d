import { type Cid, cidFromBytes } from '../../../core/cid.ts'
import { type KeyId, keyIdFromBytes, keyIdToBytes } from '../../../core/identity/ed25519.ts'
import { siblingsIn } from '../../../core/identity/merkle.ts'
import { ORIGINS_MAX, type Origin, originsKept } from '../../../core/identity/origin.ts'
import { type Provenance, SINCE_MAX_BYTES } from '../../../ports/contribution-store.ts'
import type { KeptOrigins, UnsignedPage } from '../../../ports/origin-store.ts'
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
  INSERT INTO origin (contribution, key, at_ms, signature, place, leaves, path)
  VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
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

/** The keys of which a contribution has an origin now, and of which it no longer has one. */
interface ChangedKeys {
  readonly added: readonly Uint8Array[]
  readonly cut: readonly Uint8Array[]
}

const setOf = (keys: readonly Uint8Array[]) => new Set(keys.map(keyIdFromBytes))

/** The tables `origin`, by the row numbers of contributions, and `own_key`. */
export class Origins {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Adds origins of the contribution of a row, which may be new itself. */
  add(id: number, { cid, origins, from }: SignedRow, isNew = false): ChangedKeys {
    if (from === 'local') for (const origin of origins) this.#own(keyOf(origin))
    const added = origins.filter((origin) => this.#insert(id, origin)).map(keyOf)
    if (added.length === 0 || (isNew && added.length <= ORIGINS_MAX)) return { added, cut: [] }
    const cut = this.#cut(id, cid)
    const [wasAdded, wasCut] = [setOf(added), setOf(cut)]
    return {
      added: added.filter((key) => !wasCut.has(keyIdFromBytes(key))),
      cut: cut.filter((key) => !wasAdded.has(keyIdFromBytes(key))),
    }
  }

  /** The keys of the origins of the contribution of a row. */
  keysAt(id: number): Uint8Array[] {
    return this.#connection
      .sql<[number], { key: Uint8Array }>('SELECT key FROM origin WHERE contribution = ?')
      .all(id)
      .map(({ key }) => key)
  }

  /** The origins of the contribution of a row, the foremost first. */
  at(id: number, cid: Cid): Origin[] {
    const rows = this.#connection.sql<[number], Row>(OF).all(id)
    const origins = rows.map(originOfRow)
    return originsKept(cid, origins, (peerId) => this.#isOwn(peerId))
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
  #insert(id: number, { atMs, place, leaves, bytes }: OriginRow): boolean {
    const key = bytes.subarray(0, KEY_BYTES)
    const signature = bytes.subarray(KEY_BYTES, PATH_AT)
    const path = place === null ? null : bytes.subarray(PATH_AT)
    const { changes } = this.#connection.sql(ADD).run(id, key, atMs, signature, place, leaves, path)
    return changes > 0
  }

  /** Deletes what is not to be kept, and gives the keys of that. */
  #cut(id: number, cid: Cid): Uint8Array[] {
    const keys = this.keysAt(id)
    if (keys.length <= ORIGINS_MAX) return []
    const all = keys.map((key) => ({ key, peerId: keyIdFromBytes(key) }))
    const kept = new Set(originsKept(cid, all, (peerId) => this.#isOwn(peerId)))
    const cut = all.filter((one) => !kept.has(one)).map(({ key }) => key)
    for (const key of cut)
      this.#connection.sql('DELETE FROM origin WHERE contribution = ? AND key = ?').run(id, key)
    return cut
  }

  #own(key: Uint8Array): void {
    this.#connection.sql('INSERT INTO own_key (key) VALUES (?) ON CONFLICT DO NOTHING').run(key)
  }

  #isOwn(peerId: KeyId): boolean {
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
