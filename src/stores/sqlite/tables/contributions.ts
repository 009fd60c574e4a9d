import { type Cid, cidFromBytes, cidToBytes } from '../../../core/cid.ts'
import type { Contribution } from '../../../core/contribution/contribution.ts'
import type { Manifest } from '../../../core/contribution/schema.ts'
import { isRanked } from '../../../core/ranking/frontier.ts'
import type { Provenance, Stored } from '../../../ports/contribution-store.ts'
import type { Connection } from '../database/connection.ts'

/** Opened manifests that are kept: those of frontiers and lists are asked for again and again. */
const CACHE_MAX = 2_000
/** Larger manifests are opened each time. */
const CACHED_MAX_BYTES = 16 * 1024

interface Row {
  readonly cid: Uint8Array
  readonly origin: Provenance['origin']
  readonly peer_id: string | null
  readonly address: string | null
  readonly received_ms: number
  readonly manifest: Uint8Array
}

const INSERT = `
  INSERT INTO contribution (cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (cid) DO NOTHING`

/** The table `contribution`: what came, by row number and by cid. */
export class Contributions {
  readonly #connection: Connection
  readonly #opened = new Map<number, Stored>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Adds a row; its number, or undefined where the contribution was here. */
  insert(
    contribution: Contribution,
    createdMs: number,
    { origin, peerId, address, receivedAt }: Provenance,
  ): number | undefined {
    const { cid, bytes } = contribution
    const ranked = isRanked(contribution) ? 1 : 0
    const insert = this.#connection.sql(INSERT)
    const result = insert.run(
      cidToBytes(cid),
      createdMs,
      ranked,
      origin,
      peerId ?? null,
      address ?? null,
      receivedAt,
      bytes,
    )
    if (result.changes === 0) return undefined
    // By row number, though there is but one: see `Places` on statements that need a savepoint.
    this.#connection.sql('UPDATE tally SET contributions = contributions + 1 WHERE rowid = 1').run()
    return Number(result.lastInsertRowid)
  }

  /** The number of a row, and whether it takes places in the frontier. */
  find(cid: Cid): { readonly id: number; readonly ranked: number } | undefined {
    return this.#connection
      .sql<[Uint8Array], { id: number; ranked: number }>(
        'SELECT id, ranked FROM contribution WHERE cid = ?',
      )
      .get(cidToBytes(cid))
  }

  /** The contribution of a row that is there. */
  at(id: number): Stored {
    const known = this.#opened.get(id)
    if (known !== undefined) {
      this.#opened.delete(id)
      this.#opened.set(id, known)
      return known
    }
    const row = this.#connection
      .sql<[number], Row>(
        'SELECT cid, origin, peer_id, address, received_ms, manifest FROM contribution WHERE id = ?',
      )
      .get(id)
    if (row === undefined) throw new Error(`no contribution has the number ${id}`)
    return this.#keep(id, storedOf(row))
  }

  get(cid: Cid): Stored | undefined {
    const found = this.find(cid)
    return found === undefined ? undefined : this.at(found.id)
  }

  count(): number {
    return (
      this.#connection.sql<[], { contributions: number }>('SELECT contributions FROM tally').get()
        ?.contributions ?? 0
    )
  }

  /** Cids that start with these hex digits, ascending. */
  resolve(digits: string, limit: number): Cid[] {
    const [first, last] = ['0', 'f'].map((filler) => Buffer.from(digits.padEnd(64, filler), 'hex'))
    return this.#connection
      .sql<unknown[], { cid: Uint8Array }>(
        'SELECT cid FROM contribution WHERE cid BETWEEN ? AND ? ORDER BY cid LIMIT ?',
      )
      .all(first, last, limit)
      .map(({ cid }) => cidFromBytes(cid))
  }

  #keep(id: number, stored: Stored): Stored {
    if (stored.bytes.byteLength > CACHED_MAX_BYTES) return stored
    this.#opened.set(id, stored)
    const oldest = this.#opened.keys().next()
    if (this.#opened.size > CACHE_MAX && !oldest.done) this.#opened.delete(oldest.value)
    return stored
  }
}

function storedOf(row: Row): Stored {
  const { cid, origin, peer_id: peerId, address, received_ms: receivedAt, manifest } = row
  const bytes = Buffer.from(manifest.buffer, manifest.byteOffset, manifest.byteLength)
  return {
    cid: cidFromBytes(cid),
    bytes,
    manifest: JSON.parse(bytes.toString()) as Manifest,
    attestations: [],
    provenance: {
      origin,
      ...(peerId === null ? {} : { peerId }),
      ...(address === null ? {} : { address }),
      receivedAt,
    },
  }
}
