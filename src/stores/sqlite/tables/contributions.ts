import { ByteCache } from '../../../concurrency/byte-cache.ts'
import { type Cid, cidFromBytes, cidToBytes, hashBytes } from '../../../core/cid.ts'
import { type Kind, kindSchema, type Manifest } from '../../../core/contribution/schema.ts'
import {
  type ListEntry,
  type LogEntry,
  type LogLine,
  type Provenance,
  SINCE_MAX_BYTES,
  type Stored,
} from '../../../ports/contribution-store.ts'
import type { ContributionInfo } from '../../../ports/graph-index.ts'
import type { Consequences } from '../../derive.ts'
import { infoOf, weightOf } from '../../info.ts'
import type { Connection } from '../database/connection.ts'
import { countContributions, noteContribution } from './log.ts'

/** Opened contributions that are kept: lists ask for the same ones again and again. */
const OPENED_MAX_BYTES = 8 * 1024 * 1024
/** Memory that an opened contribution takes for each byte of its manifest; estimated. */
const OPENED_FACTOR = 4
/** Infos that are kept: those of the frontier are read at each of its changes. */
const INFOS_MAX_BYTES = 8 * 1024 * 1024

interface Row {
  readonly cid: Uint8Array
  readonly origin: Provenance['origin']
  readonly peer_id: string | null
  readonly address: string | null
  readonly host: string | null
  readonly own: number
  readonly received_ms: number
  readonly manifest: Uint8Array
}

interface ListedRow {
  readonly cid: Uint8Array
  readonly created_ms: number
  readonly size: number
}

const LISTED = 'SELECT cid, created_ms, length(manifest) AS size FROM contribution'

/** A contribution that takes places, by its row. */
export interface RankedRow {
  readonly id: number
  readonly cid: Cid
  /** Those of its kind among which it ranks. */
  readonly kind: Kind
}

/** What the column `ranked` says where a contribution takes no place; else the kind's number. */
const UNRANKED = 0
/** The kinds, numbered from 1 on. Others are only ever added at the end. */
const KINDS = kindSchema.options

const rankedAs = ({ isRanked, kind }: Pick<Consequences, 'isRanked' | 'kind'>): number =>
  isRanked ? KINDS.indexOf(kind) + 1 : UNRANKED
const kindOf = (ranked: number): Kind => KINDS[ranked - 1] ?? 'work'

const RESOLVE = `
  SELECT cid FROM contribution WHERE cid BETWEEN @first AND @last ORDER BY cid LIMIT @limit`
const RESOLVE_KNOWN = `
  SELECT cid FROM (
    SELECT cid FROM signal_total WHERE cid BETWEEN @first AND @last
    UNION SELECT cid FROM stub WHERE cid BETWEEN @first AND @last
  ) known
  WHERE NOT EXISTS (SELECT 1 FROM contribution c WHERE c.cid = known.cid)
  ORDER BY cid LIMIT @limit`

const INSERT = `
  INSERT INTO contribution
    (id, cid, created_ms, ranked, origin, peer_id, address, host, own, received_ms, manifest)
  VALUES ((SELECT last_seq + 1 FROM log), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (cid) DO NOTHING`

/** Where damaged manifests are noted. */
export interface DamagedManifests {
  has(cid: Cid): boolean
  found(cid: Cid, bytes: Uint8Array): void
}

const UNWATCHED: DamagedManifests = { has: () => false, found() {} }

/**
 * The table `contribution`: by row number, which is its number in the log, and by cid. A manifest
 * is hashed again when it is read from its row; where that is damaged, the contribution counts as
 * missing.
 */
export class Contributions {
  readonly #connection: Connection
  readonly #damaged: DamagedManifests
  readonly #opened = new ByteCache<number, Stored>(OPENED_MAX_BYTES)
  readonly #infos = new ByteCache<number, ContributionInfo>(INFOS_MAX_BYTES)
  /** Bytes of all manifests that were opened so far. */
  openedBytes = 0

  constructor(connection: Connection, damaged = UNWATCHED) {
    this.#connection = connection
    this.#damaged = damaged
  }

  /** Adds a row, and gives its number, the next one of the log; undefined where it is here. */
  insert(
    { cid, bytes, provenance }: Stored,
    consequences: Pick<Consequences, 'createdMs' | 'isRanked' | 'kind'>,
  ): number | undefined {
    const { origin, peerId, address, host, own, receivedAt } = provenance
    const { changes, lastInsertRowid } = this.#connection
      .sql(INSERT)
      .run(
        cidToBytes(cid),
        consequences.createdMs,
        rankedAs(consequences),
        origin,
        peerId ?? null,
        address ?? null,
        host ?? null,
        own === true ? 1 : 0,
        receivedAt,
        bytes,
      )
    if (changes === 0) return undefined
    const seq = Number(lastInsertRowid)
    noteContribution(this.#connection, seq)
    return seq
  }

  /** Sets again whether a row takes places. */
  setRanked(id: number, consequences: Pick<Consequences, 'isRanked' | 'kind'>): void {
    this.#connection
      .sql('UPDATE contribution SET ranked = ? WHERE id = ?')
      .run(rankedAs(consequences), id)
  }

  /** The number of a row, and how it ranks. */
  find(cid: Cid): { readonly id: number; readonly ranked: number } | undefined {
    return this.#connection
      .sql<[Uint8Array], { id: number; ranked: number }>(
        'SELECT id, ranked FROM contribution WHERE cid = ?',
      )
      .get(cidToBytes(cid))
  }

  /** The row of a contribution that is here and takes places. */
  findRanked(cid: Cid): RankedRow | undefined {
    const row = this.find(cid)
    if (row === undefined || row.ranked === UNRANKED) return undefined
    return { id: row.id, cid, kind: kindOf(row.ranked) }
  }

  /** The rows after a number that take places, in their order. */
  rankedSince(seq: number, limit: number): { readonly seq: number; readonly row: RankedRow }[] {
    return this.#connection
      .sql<[number, number], { id: number; cid: Uint8Array; ranked: number }>(
        'SELECT id, cid, ranked FROM contribution WHERE id > ? AND ranked > 0 ORDER BY id LIMIT ?',
      )
      .all(seq, limit)
      .map(({ id, cid, ranked }) => ({
        seq: id,
        row: { id, cid: cidFromBytes(cid), kind: kindOf(ranked) },
      }))
  }

  /** Whether a row was published here. */
  isOurs(id: number): boolean {
    const origin = this.#connection
      .sql<[number], Provenance['origin']>('SELECT origin FROM contribution WHERE id = ?')
      .pluck()
      .get(id)
    return origin === 'local'
  }

  /** Puts right bytes into a row that is there, where it has others. */
  mend({ cid, bytes }: Pick<Stored, 'cid' | 'bytes'>): void {
    this.#connection
      .sql('UPDATE contribution SET manifest = ? WHERE cid = ? AND manifest <> ?')
      .run(bytes, cidToBytes(cid), bytes)
  }

  has(cid: Cid): boolean {
    const found = this.find(cid)
    if (found === undefined) return false
    return !this.#damaged.has(cid) || this.at(found.id) !== undefined
  }

  /** The contribution of a row; undefined where there is none, or it is damaged. */
  heldAt(id: number): Stored | undefined {
    const row = this.#connection.sql<[number]>('SELECT 1 FROM contribution WHERE id = ?').get(id)
    return row === undefined ? undefined : this.at(id)
  }

  /** The contribution of a row that is there; undefined where the row is damaged. */
  at(id: number): Stored | undefined {
    const known = this.#opened.get(id)
    if (known !== undefined) return known
    const row = this.#connection
      .sql<[number], Row>(
        `SELECT cid, origin, peer_id, address, host, own, received_ms, manifest
         FROM contribution WHERE id = ?`,
      )
      .get(id)
    if (row === undefined) throw new Error(`no contribution has the number ${id}`)
    this.openedBytes += row.manifest.byteLength
    const cid = cidFromBytes(row.cid)
    if (hashBytes(row.manifest) === cid)
      return this.#opened.keep(id, storedOf(row), OPENED_FACTOR * row.manifest.byteLength)
    this.#damaged.found(cid, row.manifest)
    return undefined
  }

  /**
   * The info of the contribution of a row that is there; undefined where the row is damaged. Its
   * manifest is opened the first time only: what reading the frontier costs must not depend on the
   * size of manifests.
   */
  infoAt(id: number): ContributionInfo | undefined {
    const known = this.#infos.get(id)
    if (known !== undefined) return known
    const whole = this.#wholeAt(id)
    if (whole === undefined) return undefined
    const info = infoOf(whole)
    return this.#infos.keep(id, info, weightOf(info))
  }

  get(cid: Cid): Stored | undefined {
    const found = this.find(cid)
    return found === undefined ? undefined : this.at(found.id)
  }

  /** The bytes of a manifest that is here and whole. They are not kept. */
  bytes(cid: Cid): Uint8Array | undefined {
    const found = this.find(cid)
    return found === undefined ? undefined : this.#wholeAt(found.id)?.bytes
  }

  /** What a row that is there has of its contribution, unparsed; undefined where it is damaged. */
  #wholeAt(id: number): Pick<Stored, 'cid' | 'bytes'> | undefined {
    const known = this.#opened.get(id)
    if (known !== undefined) return known
    const row = this.#connection
      .sql<[number], Pick<Row, 'cid' | 'manifest'>>(
        'SELECT cid, manifest FROM contribution WHERE id = ?',
      )
      .get(id)
    if (row === undefined) throw new Error(`no contribution has the number ${id}`)
    const { manifest: bytes } = row
    this.openedBytes += bytes.byteLength
    const cid = cidFromBytes(row.cid)
    if (hashBytes(bytes) === cid) return { cid, bytes }
    this.#damaged.found(cid, bytes)
    return undefined
  }

  /** What lists have of a row that is there. The manifest's size stands before it in the row. */
  listedAt(id: number): ListEntry | undefined {
    return listedOf(this.#connection.sql<[number], ListedRow>(`${LISTED} WHERE id = ?`).get(id))
  }

  listed(cid: Cid): ListEntry | undefined {
    const row = this.#connection.sql<[Uint8Array], ListedRow>(`${LISTED} WHERE cid = ?`)
    return listedOf(row.get(cidToBytes(cid)))
  }

  count(): number {
    return countContributions(this.#connection)
  }

  /** The entries of the log after a number. */
  since(seq: number, limit: number): LogEntry[] {
    const entries: LogEntry[] = []
    let bytes = 0
    const rows = this.#connection
      .sql<[number], { id: number }>('SELECT id FROM contribution WHERE id > ? ORDER BY id')
      .iterate(seq)
    for (const { id } of rows) {
      if (entries.length >= limit || bytes >= SINCE_MAX_BYTES) break
      const stored = this.at(id)
      if (stored === undefined) continue
      entries.push({ seq: id, stored })
      bytes += stored.bytes.byteLength
    }
    return entries
  }

  /** The lines of the log before a number, newest first. */
  linesBefore(seq: number, limit: number): LogLine[] {
    return this.#connection
      .sql<[number, number], Pick<Row, 'cid' | 'origin'> & { id: number }>(
        'SELECT id, cid, origin FROM contribution WHERE id < ? ORDER BY id DESC LIMIT ?',
      )
      .all(seq, limit)
      .map(({ id, cid, origin }) => ({ seq: id, cid: cidFromBytes(cid), origin }))
  }

  /** Cids that start with these hex digits, ascending. */
  resolve(digits: string, limit: number): Cid[] {
    return this.#resolved(RESOLVE, digits, limit)
  }

  /** The same of those that aren't here: targets of relations, each of which has totals; stubs. */
  resolveKnown(digits: string, limit: number): Cid[] {
    return this.#resolved(RESOLVE_KNOWN, digits, limit)
  }

  #resolved(select: string, digits: string, limit: number): Cid[] {
    const [first, last] = ['0', 'f'].map((filler) => Buffer.from(digits.padEnd(64, filler), 'hex'))
    return this.#connection
      .sql<unknown[], { cid: Uint8Array }>(select)
      .all({ first, last, limit })
      .map(({ cid }) => cidFromBytes(cid))
  }
}

function listedOf(row: ListedRow | undefined): ListEntry | undefined {
  return row && { cid: cidFromBytes(row.cid), createdMs: row.created_ms, sizeBytes: row.size }
}

function storedOf(row: Row): Stored {
  const { cid, origin, peer_id: peerId, address, host, own, manifest } = row
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
      ...(host === null ? {} : { host }),
      ...(own === 1 ? { own: true } : {}),
      receivedAt: row.received_ms,
    },
  }
}
