import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Cid } from '../core/cid.ts'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'

/** Foreign work may take this many times the room of its distinct contents. */
const EXPANSION_MAX = 100
/** Foreign work may take this many bytes, whatever it repeats. */
const EXPANSION_FREE_BYTES = 1024 * 1024 * 1024

/** The size of a file, or of what a link is. */
interface Sized {
  readonly hash?: Cid | undefined
  readonly sizeBytes: number
}

/**
 * Checks that files which name the same content again and again don't fill the disk with it. Throws
 * `refused`.
 */
export function refuseExpansion(files: readonly Sized[]): void {
  const contents = new Map(files.map(({ hash, sizeBytes }) => [hash, sizeBytes]))
  const distinctBytes = [...contents.values()].reduce((total, bytes) => total + bytes, 0)
  const bytes = bytesOf(files)
  if (bytes <= Math.max(EXPANSION_FREE_BYTES, distinctBytes * EXPANSION_MAX)) return
  const message =
    `${files.length} files of ${bytes} bytes would be written from ${distinctBytes} distinct ` +
    'bytes, which is refused for foreign work: the option trust allows it'
  throw new GroveError('refused', { bytes, distinctBytes }, { message })
}

/** Checks that a file system has room for files in a directory. Throws `storage-full`. */
export async function requireRoom(directory: string, files: readonly Sized[]): Promise<void> {
  const bytes = bytesOf(files)
  const freeBytes = await freeBytesAt(resolve(directory))
  if (freeBytes === undefined || bytes <= freeBytes) return
  const message = `${directory} has room for ${freeBytes} bytes, and the files have ${bytes}`
  throw new GroveError('storage-full', { directory, bytes, freeBytes }, { message })
}

const bytesOf = (files: readonly Sized[]) =>
  files.reduce((total, { sizeBytes }) => total + sizeBytes, 0)

/** Undefined where the system doesn't say. A directory that isn't there counts as its parent. */
async function freeBytesAt(path: string): Promise<number | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(path)
    // A file system without blocks, as /proc, has no files to be filled with.
    if (blocks === 0) return undefined
    return bavail * bsize
  } catch (cause) {
    const parent = dirname(path)
    return errnoOf(cause) === 'ENOENT' && parent !== path ? freeBytesAt(parent) : undefined
  }
}
