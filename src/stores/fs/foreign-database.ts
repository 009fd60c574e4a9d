import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GroveError } from '../../core/errors.ts'

/** The header of an SQLite file (https://sqlite.org/fileformat.html#the_database_header). */
const HEADER_BYTES = 100
const MAGIC = 'SQLite format 3\0'
const USER_VERSION_AT = 60

/**
 * Refuses a directory whose `grove.db` is another program's, such as Grove 0.1's, before anything
 * in it is made or changed. A directory that this Grove has opened has a `lock.db`: there the
 * database is not looked at, since closing it would release the locks that SQLite holds on it in
 * this process. Throws `storage-failed`.
 */
export async function refuseForeign(dir: string): Promise<void> {
  const file = join(dir, 'grove.db')
  const [lock, log] = await Promise.all([sizeOf(join(dir, 'lock.db')), sizeOf(`${file}-wal`)])
  // What a log holds may not be in the file yet, its version included.
  if (lock !== undefined || (log ?? 0) > 0 || !(await isForeign(file))) return
  const message =
    `${file} is a database, but not one of this Grove: use another directory; ` +
    'what a grove of 0.1 holds is fetched from its server, as from any peer'
  throw new GroveError('storage-failed', { file }, { message })
}

/** Every database of this Grove has a version. */
async function isForeign(file: string): Promise<boolean> {
  if ((await sizeOf(file)) === undefined) return false
  const handle = await open(file)
  try {
    const header = Buffer.alloc(HEADER_BYTES)
    const { bytesRead } = await handle.read(header, 0, HEADER_BYTES, 0)
    const isDatabase = bytesRead === HEADER_BYTES && header.toString('latin1', 0, 16) === MAGIC
    return isDatabase && header.readUInt32BE(USER_VERSION_AT) === 0
  } finally {
    await handle.close()
  }
}

/** Undefined if there is no such file. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.size : undefined
  } catch {
    // Missing or inaccessible: opening it says what is wrong.
    return undefined
  }
}
