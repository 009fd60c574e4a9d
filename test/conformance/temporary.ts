import type { Stores } from '../../src/ports/stores.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { nextTurn } from '../../src/runtime/turn.ts'
import { openSqliteStores } from '../../src/stores/sqlite/open.ts'
import { temporaryDirectory } from '../support/folder.ts'

export interface Temporary extends AsyncDisposable {
  readonly dir: string
  readonly stores: Stores
  /** Closes the stores and opens them again. */
  reopen(): Promise<Stores>
}

/** SQLite stores in their own directory. */
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
