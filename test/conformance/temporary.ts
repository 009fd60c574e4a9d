import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Stores } from '../../src/ports/stores.ts'
import { nextTurn } from '../../src/runtime/turn.ts'
import { openSqliteStores } from '../../src/stores/sqlite/open.ts'

export interface Temporary extends AsyncDisposable {
  readonly dir: string
  readonly stores: Stores
}

/** A directory for one test, removed when it is disposed of. */
export async function temporaryDirectory(): Promise<{ dir: string } & AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), 'grove-stores-'))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

/** SQLite stores in a directory of their own. */
export async function temporaryStores(): Promise<Temporary> {
  const { dir, [Symbol.asyncDispose]: remove } = await temporaryDirectory()
  const stores = await openSqliteStores({ dir, nextTurn })
  const dispose = async () => {
    await stores.close()
    await remove()
  }
  return { dir, stores, [Symbol.asyncDispose]: dispose }
}
