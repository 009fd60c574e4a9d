/**
 * A process that runs under a limit on file sizes. It puts a larger blob, and prints the outcome.
 */
import { readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isGroveError } from '../../../src/core/errors.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { nextTurn } from '../../../src/runtime/turn.ts'
import { openSqliteStores } from '../../../src/stores/sqlite/open.ts'

const [dir = ''] = process.argv.slice(2)
const stores = await openSqliteStores({ dir, nextTurn, clock: systemClock, random: systemRandom })
const outcome = await stores.blobs.put(new Uint8Array(5_000_000)).then(
  () => 'put',
  (error: unknown) => (isGroveError(error) ? error.code : String(error)),
)
await stores.close()
writeSync(1, `${outcome}; left in tmp: ${readdirSync(join(dir, 'tmp')).length}\n`)
