import Sqlite from 'better-sqlite3'
import { GroveError } from '../../../core/errors.ts'
import { makePrivateFile } from '../../fs/private-file.ts'
import { databaseError } from './database-error.ts'
import { migrations } from './migrations.ts'
import { otherDatabase } from './other-database.ts'

/** A connection of better-sqlite3. */
export type Database = Sqlite.Database
export type Statement<Parameters extends unknown[], Row = unknown> = Sqlite.Statement<
  Parameters,
  Row
>

/**
 * Bytes of a page of a new database. Each publish changes pages that are spread over two large
 * indexes, and each commit writes every changed page whole: with the usual 4 KiB a small publish
 * wrote 19 KB to the log at 10^5 contributions, with 1 KiB it writes 8 KB. Measured:
 * docs/PERFORMANCE.md.
 */
const PAGE_BYTES = 1024
/**
 * A checkpoint runs when the log has this many bytes, so that a page that changes often is written
 * back once for many commits.
 */
const CHECKPOINT_BYTES = 64 * 1024 * 1024

/** Bytes of pages that a connection caches, if it isn't opened with another number. */
const CACHE_BYTES = 16 * 1024 * 1024

/**
 * WAL with a sync at each commit: an acknowledged transaction survives a power cut. A database that
 * is there keeps its page size.
 */
const PRAGMAS = [
  `page_size = ${PAGE_BYTES}`,
  'journal_mode = WAL',
  'synchronous = FULL',
  `journal_size_limit = ${CHECKPOINT_BYTES}`,
  'temp_store = MEMORY',
]

/**
 * How a database is opened: `shared` with other connections, or `alone`. Only alone can a database
 * in WAL mode be read without making a file beside it, which a full disk doesn't allow.
 */
export type Sharing = 'shared' | 'alone'

export interface DatabaseOptions {
  /** Default: `shared`. */
  readonly sharing?: Sharing
  readonly cacheBytes?: number
  /** Only reads what others have opened and keep up to date. */
  readonly isReader?: true
  /**
   * Is called for each row that a statement with `alive()` in its condition looks at; what it
   * throws ends the statement.
   */
  readonly alive?: () => void
}

/**
 * Opens the database in a file, which is made if it isn't there, and brings it to our schema.
 * Throws `storage-newer`, `read-only`, `storage-full`, `storage-failed`.
 */
export function openDatabase(
  file: string,
  { sharing = 'shared', cacheBytes = CACHE_BYTES, isReader, alive }: DatabaseOptions = {},
): Database {
  let database: Database | undefined
  try {
    // SQLite gives the files beside it the same mode.
    if (isReader !== true) makePrivateFile(file)
    database = new Sqlite(file, isReader === true ? { readonly: true, fileMustExist: true } : {})
    defineAlive(database, alive)
    if (isReader !== true) prepareToWrite(database, file, sharing)
    database.pragma(`cache_size = ${-cacheBytes / 1024}`)
    return database
  } catch (cause) {
    database?.close()
    throw databaseError(cause, file)
  }
}

function defineAlive(database: Database, alive = () => {}): void {
  database.function('alive', () => {
    alive()
    return 1
  })
}

function prepareToWrite(database: Database, file: string, sharing: Sharing): void {
  if (sharing === 'alone') database.pragma('locking_mode = EXCLUSIVE')
  if (versionOf(database) === 0) requireEmpty(database, file)
  for (const pragma of PRAGMAS) database.pragma(pragma)
  const pageBytes = Number(database.pragma('page_size', { simple: true }))
  database.pragma(`wal_autocheckpoint = ${Math.floor(CHECKPOINT_BYTES / pageBytes)}`)
  migrate(database, file)
}

function migrate(database: Database, file: string): void {
  const version = versionOf(database)
  if (version > migrations.length) throw newer(file, version)
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue
    database.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${index + 1}; COMMIT`)
  }
}

const versionOf = (database: Database) => Number(database.pragma('user_version', { simple: true }))

function newer(file: string, version: number): GroveError {
  const message =
    `${file} was written by a newer Grove (schema ${version}; ` +
    `this one reads up to ${migrations.length}): run the newer version, or use another directory`
  return new GroveError('storage-newer', { file, version, known: migrations.length }, { message })
}

/** A database that has tables but no version belongs to another program. */
function requireEmpty(database: Database, file: string): void {
  const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()
  if (tables === 0) return
  throw otherDatabase(file)
}
