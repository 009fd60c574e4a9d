import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { pathOfBytes } from '../core/contribution/names.ts'
import { errnoOf } from '../core/errno.ts'
import { compareText } from '../core/text.ts'
import { foldersOf, placeIn } from './paths.ts'

/** The most paths that are told of what else lies in a workspace. */
const OTHERS_MAX = 100

/**
 * What a workspace has beside some paths, hidden things apart: an earlier checkout may have left
 * it, and contributing the directory would take it. A folder with none of the paths is one entry
 * that ends in `/`. Sorted, and cut after the first 100.
 */
export async function othersIn(directory: string, paths: readonly string[]): Promise<string[]> {
  const folders = new Set(['', ...paths.flatMap(foldersOf)])
  const expected = new Set(paths)
  const others: string[] = []
  for (const folder of folders) {
    for (const entry of await entriesOf(directory, folder)) {
      const path = (folder === '' ? '' : `${folder}/`) + pathOfBytes(entry.name)
      const isHidden = path.slice(path.lastIndexOf('/') + 1).startsWith('.')
      if (isHidden || expected.has(path) || folders.has(path)) continue
      others.push(entry.isDirectory() ? `${path}/` : path)
    }
  }
  return others.sort(compareText).slice(0, OTHERS_MAX)
}

/** The entries of a folder; none where there is no such folder, or where it may not be read. */
async function entriesOf(directory: string, folder: string): Promise<Dirent<Buffer>[]> {
  const place = folder === '' ? directory : placeIn(directory, folder)
  try {
    return await readdir(place, { withFileTypes: true, encoding: 'buffer' })
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(cause))) return []
    throw cause
  }
}
