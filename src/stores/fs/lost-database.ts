import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'
import { readPlainFile, replaceFile } from '../../disk/plain-file.ts'
import type { Log } from '../../ports/log.ts'
import { PRIVATE_FILE } from './modes.ts'

/** The file with the id of the grove that a directory holds, beside its database. */
export const ID_FILE = 'id'
/** Bytes of the file with the id. */
const ID_MAX_BYTES = 1_024

/**
 * Refuses a directory that held a grove and has lost its database: a new one would silently be
 * another grove, with none of the contributions. Throws `storage-failed`.
 */
export async function requireDatabase(dir: string): Promise<void> {
  if ((await sizeOf(join(dir, 'grove.db'))) > 0) return
  const id = await idIn(dir)
  if (id === undefined && !(await hasBlobs(dir))) return
  const message =
    `${dir} held ${id === undefined ? 'a grove' : `the grove ${id}`}, but its database grove.db ` +
    'is missing or empty: put it back from a backup; or, to begin a new grove there, move ' +
    `${ID_FILE} and blobs away`
  throw new GroveError('storage-failed', { dir, id }, { message })
}

/** Notes the id. A failure, as on a full disk, is logged: the next start tries it again. */
export async function keepId(dir: string, id: string, log: Log): Promise<void> {
  try {
    if ((await idIn(dir)) === id) return
    await replaceFile(join(dir, ID_FILE), `${id}\n`, PRIVATE_FILE)
  } catch (err) {
    log.warn('the id of the grove could not be noted', { dir, err })
  }
}

/** Undefined where there is none, or an empty one: a full disk left it so. */
async function idIn(dir: string): Promise<string | undefined> {
  try {
    const id = await readPlainFile(join(dir, ID_FILE), ID_MAX_BYTES)
    return id?.toString('utf8').trim() || undefined
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path)
    // Opening a directory says what is wrong with it.
    return found.isFile() ? found.size : Number.POSITIVE_INFINITY
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0
    throw error
  }
}

async function hasBlobs(dir: string): Promise<boolean> {
  const entries = await readdir(join(dir, 'blobs'), { recursive: true, withFileTypes: true }).catch(
    () => [],
  )
  return entries.some((entry) => entry.isFile())
}
