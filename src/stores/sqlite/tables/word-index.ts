import type { Manifest } from '../../../core/contribution/schema.ts'
import { facetsOfManifest } from '../../filter.ts'
import { WORDS_VERSION, wordsOfManifest } from '../../words.ts'
import type { Connection } from '../database/connection.ts'
import { lastSeq } from './log.ts'

/** Rows of one step of building, and the bytes of manifests after which it ends. */
const STEP_ROWS = 256
const STEP_MAX_BYTES = 1024 * 1024

/** What the rows of the index have: the words and facets of a contribution. */
interface Found {
  readonly words: readonly string[]
  readonly facets: readonly string[]
}

/** The full-text index that is complete, and the words that its rows have. */
interface State {
  readonly version: number
  /** The last row number in the index that is being built. */
  readonly built_to: number
}

/**
 * The full-text index: what is written by an older tokenizer (`WORDS_VERSION`) is complete, while
 * its successor is built beside it, row after row. New contributions go into the complete one, and
 * searches ask that. When the successor has caught up, it takes its place, in one transaction.
 */
export class WordIndex {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The table that has all contributions. */
  get table(): string {
    return tableOf(this.#state().version)
  }

  get isCurrent(): boolean {
    return this.#state().version === WORDS_VERSION
  }

  /** Inside a transaction. */
  add(id: number, found: Found): void {
    this.#insert(this.table, id, found)
  }

  /** Inside a transaction: builds the index of a small directory, or of an empty one, at once. */
  buildIfSmall(): void {
    if (this.isCurrent || lastSeq(this.#connection) > STEP_ROWS) return
    while (this.build());
  }

  /**
   * Inside a transaction: brings some more rows into the successor, or puts it into its place when
   * there are none. Whether there is more to do.
   */
  build(): boolean {
    const { version, built_to } = this.#state()
    if (version === WORDS_VERSION) return false
    let last = built_to
    let bytes = 0
    for (const { id, manifest } of this.#rowsAfter(built_to)) {
      if (bytes > STEP_MAX_BYTES) break
      const found = foundBy(manifest)
      if (found !== undefined) this.#insert(tableOf(WORDS_VERSION), id, found)
      last = id
      bytes += manifest.byteLength
    }
    if (last === built_to) this.#replace(version)
    else this.#setState(version, last)
    return last !== built_to
  }

  #rowsAfter(id: number) {
    return this.#connection
      .sql<[number, number], { id: number; manifest: Uint8Array }>(
        'SELECT id, manifest FROM contribution WHERE id > ? ORDER BY id LIMIT ?',
      )
      .all(id, STEP_ROWS)
  }

  #replace(version: number): void {
    this.#connection.sql(`DROP TABLE ${tableOf(version)}`).run()
    this.#setState(WORDS_VERSION, 0)
  }

  #insert(table: string, id: number, { words, facets }: Found): void {
    this.#connection
      .sql(`INSERT INTO ${table} (rowid, words, facets) VALUES (?, ?, ?)`)
      .run(id, words.join(' '), facets.join(' '))
  }

  #state(): State {
    const state = this.#connection.sql<[], State>('SELECT version, built_to FROM word_index').get()
    return state ?? { version: WORDS_VERSION, built_to: 0 }
  }

  #setState(version: number, builtTo: number): void {
    this.#connection
      .sql('UPDATE word_index SET version = ?, built_to = ? WHERE rowid = 1')
      .run(version, builtTo)
  }
}

/** Undefined where the disk has damaged the manifest, which no read shows either. */
function foundBy(bytes: Uint8Array): Found | undefined {
  try {
    const manifest = JSON.parse(Buffer.from(bytes).toString()) as Manifest
    return { words: wordsOfManifest(manifest), facets: facetsOfManifest(manifest) }
  } catch {
    return undefined
  }
}

const tableOf = (version: number) => (version === 1 ? 'word' : `word_${version}`)
