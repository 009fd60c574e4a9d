import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from '../../core/errno.ts'

/**
 * Makes a directory and those above it; does nothing where it is there. Rejects with the error of the system.
 * Not Node's own recursive mkdir: that never ends where a parent that is there answers ENOENT, as /proc does.
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
