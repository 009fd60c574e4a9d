import { lstat, readdir, realpath } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'

/** What a grove keeps in its directory. */
const ownFiles =
  /^(?:(?:grove|lock)\.db(?:-\w+)?|id|identity\.pem(?:\.\w+)?|(?:server|grove)\.json(?:\.new)?)$/
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

/** The first of these paths that is a part of a grove's directory; undefined if none is. */
export async function firstOfGrove(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const parts = path.split(sep)
    for (let depth = 1; depth < parts.length; depth++) {
      // On some disks `ID` is the same file as `id`.
      if (!isOwnFile(parts.slice(depth).join('/').toLowerCase())) continue
      if (await isGroveDirectory(parts.slice(0, depth).join(sep) || sep)) return path
    }
  }
  return undefined
}

/** What tells the directory of a grove from any other, from the moment it is made. */
const marks: ReadonlySet<string> = new Set(['grove.db', 'lock.db', 'grove.json', 'id'])

/** Whether a directory has files, and none of them is a grove's. */
export async function holdsOnlyOthers(directory: string): Promise<boolean> {
  const names = await readdir(directory)
  return names.length > 0 && !names.some((name) => marks.has(name))
}
