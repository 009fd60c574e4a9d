import { lstat, mkdir, realpath, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { errnoOf, storageError } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'

/** The directory to write into, all links on the way to it resolved. */
export interface Target {
  readonly path: string
  readonly exists: boolean
}

/**
 * Looks at the directory that the user named. Throws `already-exists` for a file in its place or
 * above it, `not-found` for a link that leads nowhere, and as `writeError` says.
 */
export async function findTarget(directory: string): Promise<Target> {
  const asked = resolve(directory)
  try {
    const path = await realpath(asked)
    if (!(await stat(path)).isDirectory()) throw notDirectory(asked)
    return { path, exists: true }
  } catch (cause) {
    if (errnoOf(cause) === 'ENOTDIR') throw notDirectory(dirname(asked), cause)
    if (errnoOf(cause) !== 'ENOENT') throw writeError(cause, asked)
    if (await isThere(asked)) throw leadsNowhere(asked, cause)
    return { path: asked, exists: false }
  }
}

/** The directory above an absent target, and how to take away what was made for it. */
export interface Parent {
  /** The target's path with the links above it resolved. */
  readonly target: string
  readonly path: string
  /** Removes the directories that were made here, as far as they are empty. */
  undo(): Promise<void>
}

/** Makes the directories above an absent target. Throws as `writeError` says. */
export async function makeParent(target: string): Promise<Parent> {
  const above = dirname(target)
  try {
    const first = await mkdir(above, { recursive: true })
    const path = await realpath(above)
    return {
      path,
      target: join(path, basename(target)),
      undo: async () => {
        if (first === undefined) return
        for (let folder = above; folder.length >= first.length; folder = dirname(folder))
          if (!(await removed(folder))) return
      },
    }
  } catch (cause) {
    if (['ENOTDIR', 'EEXIST'].includes(errnoOf(cause))) throw notDirectory(above, cause)
    throw writeError(cause, above)
  }
}

/** The error for a failed system call on a directory or a file, in words where they help. */
export function writeError(cause: unknown, path: string): GroveError {
  const { code, details, message } = storageError(cause, { path })
  const words: Readonly<Record<string, string>> = {
    EACCES: `you may not write into ${path}`,
    EPERM: `${path} may not be changed`,
    EROFS: `${path} is on a file system that can only be read`,
    ENOSPC: `the disk of ${path} is full`,
    EDQUOT: `your share of the disk of ${path} is used up`,
    ENAMETOOLONG: `a path in ${path} is longer than this file system takes`,
  }
  return cause instanceof GroveError
    ? cause
    : new GroveError(code, details, { cause, message: words[errnoOf(cause)] ?? message })
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return false
    throw writeError(cause, path)
  }
}

async function removed(folder: string): Promise<boolean> {
  try {
    await rmdir(folder)
    return true
  } catch (cause) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY'].includes(errnoOf(cause))) return false
    throw cause
  }
}

function notDirectory(path: string, cause?: unknown): GroveError {
  const message = `${path} is not a directory: name another place`
  return new GroveError('already-exists', { path }, { message, cause })
}

function leadsNowhere(path: string, cause: unknown): GroveError {
  const message = `${path} is a symbolic link that leads nowhere: name another place`
  return new GroveError('not-found', { path }, { message, cause })
}
