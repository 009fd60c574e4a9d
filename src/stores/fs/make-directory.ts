import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from '../../core/errno.ts'

import { PRIVATE_DIRECTORY } from './modes.ts'

/**
 * Makes a directory that only its user may read, and those above it, unless it is there; whether it
 * made it. Rejects with the system's error. Node's own recursive mkdir never returns where a parent
 * that exists answers ENOENT, as /proc does.
 */
export async function makeDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: PRIVATE_DIRECTORY })
    return true
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EEXIST' && (await stat(path)).isDirectory()) return false
    if (errno !== 'ENOENT' || path === dirname(path)) throw error
    await makeParents(dirname(path))
    await mkdir(path, { mode: PRIVATE_DIRECTORY })
    return true
  }
}

/** These are nobody's data: they get the modes that the user's umask leaves. */
async function makeParents(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (errno !== 'ENOENT' || path === dirname(path)) throw error
    await makeParents(dirname(path))
    await mkdir(path)
  }
}
