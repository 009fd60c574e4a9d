import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GroveError } from '../../../core/errors.ts'

const MAGIC = 'SQLite format 3\0'
/** SQLite's header (https://www.sqlite.org/fileformat.html): size, and where its fields are. */
const HEADER_LENGTH = 100
const PAGE_SIZE_AT = 16
const USER_VERSION_AT = 60

/**
 * Refuses a directory whose `grove.db` another program wrote, as Grove 0.1 did, before anything in
 * it is touched. Reads only the file's header: SQLite itself would write. A directory that this
 * Grove has opened has a `lock.db`: its database isn't looked at, since closing the file would
 * release the locks that SQLite holds on it in this process. Throws `storage-failed`.
 */
export async function refuseOtherDatabase(dir: string): Promise<void> {
  const file = join(dir, 'grove.db')
  if ((await sizeOf(join(dir, 'lock.db'))) >= 0) return
  const header = await headerOf(file)
  if (header === undefined || header.readUInt32BE(USER_VERSION_AT) !== 0) return
  const hasLog = (await sizeOf(`${file}-wal`)) > 0
  const pageSize = header.readUInt16BE(PAGE_SIZE_AT)
  // A database without tables has one page; the number 1 stands for 65,536.
  const hasTables = (await sizeOf(file)) > (pageSize === 1 ? 65_536 : pageSize)
  if (hasLog || hasTables) throw otherDatabase(file)
}

/** The error for a database of another program. */
export function otherDatabase(file: string): GroveError {
  const message =
    `${file} is a database, but not one of this Grove (0.1 wrote such files): ` +
    'use another directory; what a grove of 0.1 holds is fetched from its server, as from any peer'
  return new GroveError('storage-failed', { file }, { message })
}

async function headerOf(path: string): Promise<Buffer | undefined> {
  try {
    await using file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_LENGTH), 0, HEADER_LENGTH, 0)
    return bytesRead === HEADER_LENGTH && buffer.toString('latin1', 0, 16) === MAGIC
      ? buffer
      : undefined
  } catch {
    // Missing or unreadable: opening it says so.
    return undefined
  }
}

/** -1 if there is no such file, or it can't be reached: opening the directory says so. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch {
    return -1
  }
}
