import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import type { Stores } from '../../src/ports/stores.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { nextTurn } from '../../src/runtime/turn.ts'
import { migrations } from '../../src/stores/sqlite/database/migrations.ts'
import { openSqliteStores } from '../../src/stores/sqlite/open.ts'
import { temporaryDirectory } from '../support/folder.ts'

export interface Temporary extends AsyncDisposable {
  readonly dir: string
  readonly stores: Stores
  /** Closes the stores and opens them again. */
  reopen(): Promise<Stores>
}

/** What Grove 0.2.0 wrote (schema 1), as text; the rows of the full-text index as they went in. */
export const schema1 = await readFile(join(import.meta.dirname, 'schema-1.sql'), 'utf8')
/** That directory after a grove of schema 6 has opened it and stored three more contributions. */
export const schema6 = await readFile(join(import.meta.dirname, 'schema-6.sql'), 'utf8')

/** The directory that Grove 0.2.0 wrote, brought to a later schema by the steps that lead there. */
export async function directoryOfSchema(
  version: number,
): Promise<{ dir: string } & AsyncDisposable> {
  const steps = migrations.slice(1, version)
  return directoryOf(`${schema1}; ${steps.join(';')}; PRAGMA user_version = ${version}`)
}

/** A directory with the database that this text makes. */
export async function directoryOf(sql: string): Promise<{ dir: string } & AsyncDisposable> {
  const temporary = await temporaryDirectory()
  changeDatabase(temporary.dir, sql)
  return temporary
}

/** Changes a directory's database directly, while the stores are closed. */
export function changeDatabase(dir: string, sql: string): void {
  const database = new Sqlite(join(dir, 'grove.db'))
  database.exec(sql)
  database.close()
}

/** SQLite stores in their own directory. */
export async function temporaryStores(): Promise<Temporary> {
  const { dir, [Symbol.asyncDispose]: remove } = await temporaryDirectory()
  const open = () => openSqliteStores({ dir, nextTurn, clock: systemClock, random: systemRandom })
  const stores = await open()
  let current = stores
  return {
    dir,
    stores,
    async reopen() {
      await current.close()
      current = await open()
      return current
    },
    async [Symbol.asyncDispose]() {
      await current.close()
      await remove()
    },
  }
}
