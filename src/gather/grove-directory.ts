import { lstat, realpath } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'

/** What a grove keeps in its directory. */
const ownFiles = /^(?:(?:grove|lock)\.db(?:-\w+)?|id|(?:server|grove)\.json(?:\.new)?)$/
const ownFolders = /^(?:blobs|tmp|damaged|run)(?:\/|$)/

/**
 * Whether a folder is the directory of a grove. Its files are never opened: closing one would
 * release the lock of a grove that this process has open.
 */
export async function isGroveDirectory(folder: string): Promise<boolean> {
  try {
    const [database, blobs] = await Promise.all([
      lstat(join(folder, 'grove.db')),
      lstat(join(folder, 'blobs')),
    ])
    return database.isFile() && blobs.isDirectory()
  } catch {
    // One of them is missing, or can't be looked at: then no grove of this user is here.
    return false
  }
}

/** Whether a path, relative to the directory of a grove, belongs to the grove. */
export const isOwnFile = (path: string): boolean => ownFiles.test(path) || ownFolders.test(path)

/** Whether a file belongs to a grove whose directory is around it. */
export async function belongsToGrove(file: string): Promise<boolean> {
  const path = await realpath(file)
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const way = relative(folder, path).split(sep).join('/')
    if (isOwnFile(way) && (await isGroveDirectory(folder))) return true
    if (folder === dirname(folder)) return false
  }
}
