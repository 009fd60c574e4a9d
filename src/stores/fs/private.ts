import { chmod, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, storageError } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'
import type { Log } from '../../ports/log.ts'
import { ID_FILE } from './lost-database.ts'
import { OTHERS, PRIVATE_DIRECTORY, PRIVATE_FILE } from './modes.ts'

/** Everything that a grove makes in its directory. */
const OWN = /^(grove\.db.*|lock\.db.*|grove\.json.*|server\.json.*|blobs|tmp|damaged|run|id.*)$/
/** What is only read, and may be a link to where settings are kept. */
const SETTINGS = 'grove.json'
const FILES = ['grove.db', 'grove.db-wal', 'grove.db-shm', 'lock.db']
const FOLDERS = ['blobs', 'tmp']

/**
 * Refuses a directory in which a name of Grove's own is a link, a pipe or a device. The directory
 * may have come along with somebody's files, and what is written, emptied or made private there
 * could be anything of the user. Nothing is touched before that is known. Throws `refused`.
 */
export async function refusePlanted(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error))) return []
    throw storageError(error, { dir })
  })
  const planted = entries.find(
    (entry) =>
      entry.name !== SETTINGS && OWN.test(entry.name) && !entry.isFile() && !entry.isDirectory(),
  )
  if (planted === undefined) return
  const path = join(dir, planted.name)
  const what = planted.isSymbolicLink() ? 'a symbolic link' : 'neither a file nor a directory'
  const message =
    `${path} is ${what}, and Grove would write through it: put a file or directory of its own in ` +
    'its place, or mount a file system there'
  throw new GroveError('refused', { path }, { message })
}

/**
 * Sees to it that only its user can read a directory. What a grove made there is its own, so that
 * its modes are set. The directory itself is Grove's where an older version wrote it and nothing
 * else is in it: a newer one makes it private to begin with. Another one is left as it is, with a
 * warning.
 */
export async function makePrivate(dir: string, log: Log): Promise<void> {
  for (const name of FILES) await tighten(join(dir, name), PRIVATE_FILE)
  for (const name of FOLDERS) await tighten(join(dir, name), PRIVATE_DIRECTORY)
  if (!(await isOpen(dir))) return
  const names = await readdir(dir)
  const isOld = names.includes('grove.db') && !names.includes(ID_FILE)
  if (isOld && names.every((name) => OWN.test(name))) {
    await tighten(dir, PRIVATE_DIRECTORY)
    log.info('the directory could be read by others: now only by its user', { dir })
  } else log.warn('the directory can be read by others: chmod 700 keeps them out', { dir })
}

/** Whether others than its user may do anything with a path that is there. */
async function isOpen(path: string): Promise<boolean> {
  try {
    return ((await stat(path)).mode & OTHERS) !== 0
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** A file of another user stays as it is. */
async function tighten(path: string, mode: number): Promise<void> {
  if (!(await isOpen(path))) return
  await chmod(path, mode).catch((error: unknown) => {
    if (errnoOf(error) !== 'EPERM') throw error
  })
}
