import { closeSync, openSync } from 'node:fs'
import { errnoOf } from '../../core/errno.ts'
import { PRIVATE_FILE } from './modes.ts'

/**
 * Makes an empty file that only its user may read, unless it is there. One that is there must not
 * even be opened: closing it would release the locks that SQLite holds on it in this process.
 */
export function makePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', PRIVATE_FILE))
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}
