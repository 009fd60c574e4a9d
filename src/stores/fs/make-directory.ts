import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from '../../core/errno.ts'

/**
 * Makes a directory and those above it, unless it is there. Rejects with the system's error. Node's
 * own recursive mkdir never returns where a parent that exists answers ENOENT, as /proc does.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (errno !== 'ENOENT' || path === dirname(path)) throw error
    await makeDirectory(dirname(path))
    await mkdir(path)
  }
}
