import type { Precedence } from '../concurrency/shares/precedence.ts'
import { GroveError } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { NextTurn, Stores } from '../ports/stores.ts'
import { memoryStores } from './memory/open.ts'
import { openSqliteStores } from './sqlite/open.ts'

interface Options {
  readonly nextTurn: NextTurn
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly precedence?: Precedence
}

/**
 * Opens the stores that a URL names: `memory:`, which keeps nothing beyond the process, or
 * `sqlite:<directory>`. Throws `usage-error`, `storage-locked`, `storage-newer`, `read-only`,
 * `storage-full`, `storage-failed`.
 */
export async function openStoresAt(url: string, options: Options): Promise<Stores> {
  if (url === 'memory:') return memoryStores(options.random)
  const dir = /^sqlite:(.+)$/s.exec(url)?.[1]
  if (dir !== undefined) return openSqliteStores({ dir, ...options })
  const message = `${JSON.stringify(url)} names no store: give memory: or sqlite:DIRECTORY`
  throw new GroveError('usage-error', { store: url }, { message })
}
