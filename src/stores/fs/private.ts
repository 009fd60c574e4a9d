import { chmod, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../../core/errno.ts'
import type { Log } from '../../ports/log.ts'
import { ID_FILE } from './lost-database.ts'
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from './modes.ts'

/** Everything that a grove makes in its directory. */
const OWN = /^(grove\.db.*|lock\.db.*|grove\.json.*|server\.json.*|blobs|tmp|damaged|run|id.*)$/
const FILES = ['grove.db', 'grove.db-wal', 'grove.db-shm', 'lock.db']
const FOLDERS = ['blobs', 'tmp']
const OTHERS = 0o077

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
