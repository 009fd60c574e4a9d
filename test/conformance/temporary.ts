import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Stores } from '../../src/ports/stores.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { nextTurn } from '../../src/runtime/turn.ts'
import { openSqliteStores } from '../../src/stores/sqlite/open.ts'

export interface Temporary extends AsyncDisposable {
  readonly dir: string
  readonly stores: Stores
  /** Closes the stores and opens them again. */
  reopen(): Promise<Stores>
}

/** A directory for one test, removed when it is disposed of. */
export async function temporaryDirectory(): Promise<{ dir: string } & AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), 'grove-stores-'))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

/** SQLite stores in a directory of their own. */
export async function temporaryStores(): Promise<Temporary> {
  const { dir, [Symbol.asyncDispose]: remove } = await temporaryDirectory()
  const open = () => openSqliteStores({ dir, nextTurn, random: systemRandom })
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
