import { access, constants } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Precedence } from '../../concurrency/shares/precedence.ts'
import { errnoOf, storageError } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import type { Clock } from '../../ports/clock.ts'
import { type Log, silentLog } from '../../ports/log.ts'
import type { NextTurn, Stores } from '../../ports/stores.ts'
import { FileBlobs } from '../fs/blobs.ts'
import { Damaged } from '../fs/damaged.ts'
import { KeyFile } from '../fs/key-file.ts'
import { requireDatabase } from '../fs/lost-database.ts'
import { makeDirectory } from '../fs/make-directory.ts'
import { makePrivate, refusePlanted } from '../fs/private.ts'
import { TieredBlobs } from '../tiered-blobs.ts'
import { lockDirectory } from './database/lock.ts'
import { refuseOtherDatabase } from './database/other-database.ts'
import { SqliteFileStamps } from './file-stamps.ts'
import { SqliteGraph } from './graph.ts'
import { SqliteHealth } from './health.ts'
import { SqliteRecords } from './records.ts'
import { Session } from './session.ts'
import { SqliteSmallBlobs } from './small-blobs.ts'

export interface SqliteOptions {
  /** Made if it isn't there. One process at a time. */
  readonly dir: string
  /** Puts that begin before the next turn share one commit. */
  readonly nextTurn: NextTurn
  readonly clock: Clock
  /** Draws the id of a new log. */
  readonly random: Random
  readonly log?: Log
  /** Whose reads and writes go before others'. Default: nobody's. */
  readonly precedence?: Precedence
}

/**
 * Opens the stores in a directory: `grove.db` (graph, records, small blobs), `blobs/` (large
 * blobs), `tmp/` (blobs being written; emptied here), `damaged/` (bytes that lost their hash), `id`
 * and `identity.pem` (of the grove), `lock.db`. On a full disk what is there can be read. Throws
 * `storage-locked`, `refused` (a link in the place of one of these), `storage-newer`, `read-only`,
 * `storage-full`, `storage-failed`.
 */
export async function openSqliteStores(options: SqliteOptions): Promise<Stores> {
  const { dir } = options
  await refusePlanted(dir)
  await refuseOtherDatabase(dir)
  await makeWritable(dir)
  const unlock = lockDirectory(dir)
  try {
    return await openLocked(options, unlock)
  } catch (error) {
    unlock()
    throw storageError(error, { dir })
  }
}

async function openLocked(options: SqliteOptions, unlock: () => void): Promise<Stores> {
  const { dir, log = silentLog } = options
  await requireDatabase(dir)
  await makePrivate(dir, log)
  const damaged = await Damaged.open(dir, log)
  const session = new Session(join(dir, 'grove.db'), {
    ...options,
    log,
    damaged: {
      has: (cid) => damaged.has(cid),
      found: (cid, bytes) => void damaged.keepBytes({ hash: cid, what: 'manifest' }, bytes),
    },
  })
  try {
    const stamps = new SqliteFileStamps(session)
    const files = await FileBlobs.open(dir, { stamps, damaged, log })
    const blobs = new TieredBlobs({ small: new SqliteSmallBlobs(session), large: files, damaged })
    const health = new SqliteHealth({ dir, session, damaged, log })
    const keys = new KeyFile(dir)
    return storesOn({ session, blobs, damaged, health, keys, unlock })
  } catch (error) {
    await session.close()
    throw error
  }
}

interface Parts {
  readonly session: Session
  readonly blobs: TieredBlobs
  readonly damaged: Damaged
  readonly health: SqliteHealth
  readonly keys: KeyFile
  readonly unlock: () => void
}

function storesOn({ session, blobs, damaged, health, keys, unlock }: Parts): Stores {
  const close = async () => {
    await blobs.close()
    await session.close()
    unlock()
  }
  return {
    graph: new SqliteGraph(session, damaged),
    blobs,
    records: new SqliteRecords(session),
    health,
    keys,
    close,
    [Symbol.asyncDispose]: close,
  }
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'it is not a directory',
  ENOTDIR: 'what is above it is not a directory',
  ENOENT: 'no directory can be made there',
}

async function makeWritable(dir: string): Promise<void> {
  try {
    await makeDirectory(dir)
    await access(dir, constants.W_OK | constants.X_OK)
  } catch (error) {
    const cause = await whyNotWritable(dirname(dir), error)
    const { code } = storageError(cause, { dir })
    const why =
      code === 'read-only' ? 'it is read-only' : (reasons[errnoOf(cause)] ?? errnoOf(cause))
    throw new GroveError(
      code,
      { dir, errno: errnoOf(cause) },
      { cause, message: `cannot keep a grove in ${dir}: ${why}` },
    )
  }
}

/**
 * Why a directory can't be made: Node says ENOENT where the nearest one above it is on a read-only
 * file system.
 */
async function whyNotWritable(parent: string, error: unknown): Promise<unknown> {
  if (errnoOf(error) !== 'ENOENT') return error
  try {
    await access(parent, constants.W_OK)
    return error
  } catch (cause) {
    return parent === dirname(parent) ? error : whyNotWritable(dirname(parent), cause)
  }
}
